//! The image of a service.

use super::Sink;
use crate::template::image_name::ImageName;
use crate::template::{ImageUse, place};

pub(super) fn check(sink: &mut Sink<'_, '_>) {
    let service = sink.service;
    // With `build` the name is what the result is called.
    if service.get("build").is_some() {
        return;
    }
    let Some((image, lines)) = service.text("image") else { return };
    let (text, unknown) = (image.text.as_str(), image.unknown);
    if text.is_empty() {
        return;
    }
    if !unknown {
        let place = place(service.project.name, lines.first, lines.last);
        let (image, subject) = (text.to_owned(), service.subject());
        sink.found.images.push(ImageUse { image, place, subject });
    }
    let name = ImageName::parse(text);
    let rule = "compose-image-registry";
    let allowed = sink.catalogue.parameter(rule, "registries");
    if !unknown && !allowed.is_empty() && !name.is_within(allowed) {
        let message = format!("{text} comes from {}, which is not allowed", name.registry_host());
        sink.at(rule, lines.clone(), message);
    }
    if name.digest.is_some() || (unknown && name.tag.is_none()) {
        return;
    }
    match name.tag {
        None => {
            let message = format!("{text} names no tag: the newest of today is run");
            sink.at("compose-image-untagged", lines.clone(), message);
        }
        Some("latest") => {
            let message = format!("{text}: the tag is moved with every release");
            sink.at("compose-image-latest", lines.clone(), message);
        }
        Some(_) => {}
    }
    if !unknown {
        let message = format!("{text} is not pinned by a digest");
        sink.at("compose-image-undigested", lines, message);
    }
}
