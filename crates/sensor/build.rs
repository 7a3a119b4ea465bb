//! Builds the kernel's side: `bpf/sensor.bpf.c` by clang to two objects, embedded by `src/load.rs`:
//! one that reads the kernel's memory directly, one that asks for each word (`bpf/read.h`); and
//! `bpf/network_block.bpf.c` to a third, for `src/block.rs`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compilers tried in this order; `CLANG` overrides them.
const COMPILERS: [&str; 4] = ["clang-19", "clang-18", "clang-16", "clang"];
/// Each object with its source and what it is built with.
const OBJECTS: [(&str, &str, Option<&str>); 3] = [
    ("direct", "bpf/sensor.bpf.c", Some("-DLAZARET_DIRECT")),
    ("probed", "bpf/sensor.bpf.c", None),
    ("network_block", "bpf/network_block.bpf.c", None),
];

fn main() {
    println!("cargo:rerun-if-changed=bpf");
    println!("cargo:rerun-if-env-changed=CLANG");
    if let Err(why) = build() {
        println!("cargo:error=the sensor's kernel programs cannot be built: {why}");
        std::process::exit(1);
    }
}

fn build() -> Result<(), String> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let out = PathBuf::from(variable("OUT_DIR")?);
    let (machine, triple) = match variable("CARGO_CFG_TARGET_ARCH")?.as_str() {
        "x86_64" => ("x86", "x86_64-linux-gnu"),
        "aarch64" => ("arm64", "aarch64-linux-gnu"),
        other => return Err(format!("{other} is not supported: x86_64 and aarch64 are")),
    };
    let compiler = compiler()?;
    for (name, source, define) in OBJECTS {
        let status = Command::new(&compiler)
            .args(["-target", "bpf", "-mcpu=v3", "-O2", "-g", "-Wall", "-Werror"])
            .args(["-Wno-unused-function", "-Wno-unknown-warning-option"])
            .arg(format!("-D__TARGET_ARCH_{machine}"))
            .args(define)
            .arg("-I")
            .arg(variable("DEP_BPF_INCLUDE")?)
            // The kernel's headers of the machine: its own, or those of its cross compiler.
            .arg("-I")
            .arg(Path::new("/usr/include").join(triple))
            .arg("-I")
            .arg(Path::new("/usr").join(triple).join("include"))
            .args(["-c", source, "-o"])
            .arg(out.join(format!("{name}.bpf.o")))
            .status()
            .map_err(|why| format!("{compiler} cannot be run: {why}"))?;
        if !status.success() {
            return Err(format!("{compiler} failed: {status}"));
        }
    }
    Ok(())
}

fn compiler() -> Result<String, String> {
    if let Ok(chosen) = std::env::var("CLANG") {
        return Ok(chosen);
    }
    let runs = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let found = COMPILERS.iter().copied().find(runs);
    found
        .map(str::to_owned)
        .ok_or_else(|| "clang is not installed (apt-get install clang-19)".to_owned())
}
