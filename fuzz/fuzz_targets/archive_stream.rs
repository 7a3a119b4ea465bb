//! An archive of an image: `docker save`, OCI layout; as a stream and in a file.
#![no_main]

use image::fuzzing::read_archive;
use image::{Description, ImageError, Options, Target, open};
use lazaret_fuzz::archive::{Dribble, Walker, limits, mended};
use lazaret_fuzz::files::file;
use model::NoProgress;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let bytes = mended(input);
    let reader = Box::new(Dribble::new(&bytes));
    let streamed = read_archive(reader, &limits(), &Walker(limits()));
    let Ok((_file, path)) = file(&bytes) else { return };
    let stored = read_file(Target::DockerArchive(path));
    if let (Ok(streamed), Ok(stored)) = (streamed, stored) {
        let nameless = |description| Description { name: String::new(), ..description };
        let (streamed, stored) = (nameless(streamed), nameless(stored));
        assert_eq!(format!("{streamed:?}"), format!("{stored:?}"), "as a stream and in a file");
    }
});

fn read_file(target: Target) -> Result<Description, ImageError> {
    let options = Options { limits: limits(), ..Options::default() };
    open(&target, &options)?.read_layers(&Walker(limits()), 1, &NoProgress)
}
