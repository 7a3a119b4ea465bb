//! Go: the modules that a binary says it was built from, and `go.mod`.
//!
//! `buildinfo` finds and decodes the block the linker leaves, `modinfo` reads its lines,
//! `main_version` works out the version of a program built from its own checkout, `gomod` reads
//! the module file. Versions keep Go's `v`; the standard library is the package `stdlib` with the
//! bare number (`1.22.3`), as the Go vulnerability database writes both.

mod buildinfo;
mod gomod;
mod main_version;
mod modinfo;

use model::{Content, FileEntry};

use crate::content_reader::ContentReader;
use crate::executable::Executable;
use crate::{Analysis, AnalyzeError, Analyzer, Pattern};

/// The analyzers of this folder.
pub(crate) const ANALYZERS: &[&dyn Analyzer] = &[&GoBinary, &gomod::GoMod];

/// Go programs and shared libraries: ELF, PE and Mach-O.
struct GoBinary;

impl Analyzer for GoBinary {
    fn name(&self) -> &'static str {
        "go-binary"
    }

    fn version(&self) -> u32 {
        2
    }

    fn patterns(&self) -> &'static [Pattern] {
        &[Pattern::Executable]
    }

    fn analyze(
        &self,
        _entry: &FileEntry,
        content: &dyn Content,
        found: &mut Analysis,
    ) -> Result<(), AnalyzeError> {
        let reader = ContentReader::new(content);
        let executable = match Executable::parse(&reader) {
            Ok(Some(executable)) => executable,
            Ok(None) => return Ok(()),
            Err(error) => {
                return Err(AnalyzeError::Malformed(format!("executable headers: {error}")));
            }
        };
        if buildinfo::is_upx_packed(&reader, &executable) {
            let message = "packed by UPX: what it was built from cannot be read";
            return Err(AnalyzeError::Unsupported(message.to_owned()));
        }
        if let Some(build) = buildinfo::read(&reader, &executable)? {
            found.packages.extend(modinfo::packages(&build));
        }
        Ok(())
    }
}
