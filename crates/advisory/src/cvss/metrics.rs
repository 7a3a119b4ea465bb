//! Reading the metrics of a vector, `KEY:VALUE` between slashes, without allocating.

/// A metric: its key and the values it may have.
pub(super) struct Metric {
    pub(super) key: &'static str,
    pub(super) values: &'static [&'static str],
}

/// The place of each metric's value among its values; `None` where the vector lacks the metric.
pub(super) type Values<const N: usize> = [Option<u8>; N];

pub(super) const fn metric(key: &'static str, values: &'static [&'static str]) -> Metric {
    Metric { key, values }
}

/// Reads the metrics of `text`; the first `required` of `metrics` must be there. Errors name what
/// is unknown, given twice or missing.
pub(super) fn read<const N: usize>(
    text: &str,
    metrics: &[Metric; N],
    required: usize,
) -> Result<Values<N>, String> {
    let mut values = [None; N];
    // Vectors are mostly written in the order of the specification.
    let mut expected = 0;
    for component in text.split('/') {
        let (key, value) = component
            .split_once(':')
            .ok_or_else(|| format!("`{component}` is no metric: expected KEY:VALUE"))?;
        let is_key = |index: &usize| {
            metrics.get(*index).is_some_and(|metric| metric.key.eq_ignore_ascii_case(key))
        };
        let index = Some(expected)
            .filter(is_key)
            .or_else(|| (0..N).find(is_key))
            .ok_or_else(|| format!("the metric `{key}` is not known in this version"))?;
        expected = index + 1;
        let (Some(metric), Some(slot)) = (metrics.get(index), values.get_mut(index)) else {
            continue;
        };
        let place = metric.values.iter().position(|known| known.eq_ignore_ascii_case(value));
        let place = place.and_then(|place| u8::try_from(place).ok()).ok_or_else(|| {
            format!(
                "`{value}` is no value of {}: expected {}",
                metric.key,
                metric.values.join(", ")
            )
        })?;
        if slot.replace(place).is_some() {
            return Err(format!("the metric {} is given twice", metric.key));
        }
    }
    let missing = metrics.iter().zip(&values).take(required).find(|(_, value)| value.is_none());
    match missing {
        Some((metric, _)) => Err(format!("the base metric {} is missing", metric.key)),
        None => Ok(values),
    }
}

/// The weight of a value; `absent` where the vector lacks the metric.
pub(super) fn weight(weights: &[f64], value: Option<u8>, absent: f64) -> f64 {
    value.and_then(|place| weights.get(usize::from(place))).copied().unwrap_or(absent)
}
