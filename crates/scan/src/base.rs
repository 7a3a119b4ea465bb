//! Base-image split: how many of the lowest layers came with the base image.
//!
//! Three answers, the surest first: the diff ids of the base image itself, when the caller has
//! them; the history's own mark; nothing. Told from the image alone otherwise, so that the same
//! image always gives the same split.

use model::{Digest, HistoryStep, Layer};

/// Marks the layers that came with the base image.
pub(crate) fn mark_base(layers: &mut [Layer], history: &[HistoryStep], base: Option<&[Digest]>) {
    let count = match base {
        Some(base) => common_prefix(layers, base),
        None => from_history(history),
    };
    // A base that is the whole image says nothing: its findings are the image's own.
    let count = if count >= layers.len() { 0 } else { count };
    for layer in &mut layers[..count] {
        layer.base = true;
    }
}

/// All layers of the base, if the image really starts with them; else none.
fn common_prefix(layers: &[Layer], base: &[Digest]) -> usize {
    let starts = layers.len() >= base.len()
        && layers.iter().zip(base).all(|(layer, id)| layer.diff_id.as_ref() == Some(id));
    if starts { base.len() } else { 0 }
}

/// The layers before the last default command that other steps follow.
///
/// An image ends by setting `CMD` or `ENTRYPOINT`; an image built upon it adds steps after that.
/// So the last such step before the image's own closing run of empty steps ends the base.
fn from_history(history: &[HistoryStep]) -> usize {
    let own_end = history.iter().rposition(|step| !step.empty_layer).unwrap_or(0);
    let Some(end) = history[..own_end].iter().rposition(sets_command) else { return 0 };
    history[..end].iter().filter(|step| !step.empty_layer).count()
}

/// Whether a step sets the default command, in the classic or the BuildKit wording.
fn sets_command(step: &HistoryStep) -> bool {
    let text = step.created_by.trim_start();
    let text = text.strip_prefix("/bin/sh -c #(nop)").unwrap_or(text).trim_start();
    step.empty_layer && (text.starts_with("CMD ") || text.starts_with("ENTRYPOINT "))
}

#[cfg(test)]
mod tests {
    use model::LayerIndex;

    use super::*;

    fn step(created_by: &str) -> HistoryStep {
        let empty_layer = !created_by.contains("ADD") && !created_by.contains("RUN");
        HistoryStep { created_by: created_by.into(), empty_layer, ..HistoryStep::default() }
    }

    fn layers(count: u8) -> Vec<Layer> {
        (0..count)
            .map(|n| Layer {
                index: LayerIndex(n.into()),
                diff_id: Some(Digest::sha256(&[n; 32])),
                size_bytes: 0,
                created_by: None,
                base: false,
            })
            .collect()
    }

    fn check(history: &[&str], base: Option<&[Digest]>, expect: usize) {
        let history: Vec<HistoryStep> = history.iter().map(|text| step(text)).collect();
        let filled = history.iter().filter(|step| !step.empty_layer).count();
        let mut layers = layers(u8::try_from(filled).unwrap());
        mark_base(&mut layers, &history, base);
        assert_eq!(layers.iter().filter(|layer| layer.base).count(), expect, "{history:?}");
    }

    #[test]
    fn the_history_tells() {
        check(
            &["ADD base", "/bin/sh -c #(nop)  CMD [\"sh\"]", "RUN mine", "CMD [\"app\"]"],
            None,
            1,
        );
        check(
            &[
                "ADD base",
                "CMD [\"bash\"]",
                "RUN a",
                "CMD [\"b\"]",
                "RUN mine",
                "ENTRYPOINT [\"c\"]",
            ],
            None,
            2,
        );
        check(&["ADD base", "CMD [\"bash\"]"], None, 0);
        check(&["ADD base", "RUN mine"], None, 0);
        check(&[], None, 0);
    }

    #[test]
    fn a_known_base_decides() {
        let ids = [0, 1].map(|n| Digest::sha256(&[n; 32]));
        check(&["ADD base", "RUN two", "RUN mine"], Some(&ids), 2);
        let foreign = [Digest::sha256(&[77; 32])];
        check(&["ADD base", "CMD [\"bash\"]", "RUN mine"], Some(&foreign), 0);
        check(&["ADD base", "RUN two"], Some(&ids), 0);
    }
}
