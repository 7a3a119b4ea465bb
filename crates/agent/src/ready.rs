//! Telling the service manager that the work has begun, so that what starts containers can be ordered
//! after it. Source: sd_notify(3).

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Tells it, when there is a service manager that waits; a failure is only said.
pub(crate) fn tell() {
    let Some(address) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(why) = send(&address.to_string_lossy()) {
        eprintln!("lazaret agent: the service manager cannot be told: {why}");
    }
}

fn send(address: &str) -> io::Result<()> {
    let address = match address.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(address)?,
    };
    UnixDatagram::unbound()?.send_to_addr(b"READY=1", &address).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manager_is_told_at_a_path_or_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let listening = UnixDatagram::bind(&path).unwrap();
        send(path.to_str().unwrap()).unwrap();
        let name = format!("lazaret-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let abstract_one = UnixDatagram::bind_addr(&address).unwrap();
        send(&format!("@{name}")).unwrap();
        for socket in [listening, abstract_one] {
            let mut bytes = [0; 16];
            let read = socket.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..read], b"READY=1");
        }
        assert!(send("/nowhere/notify").is_err());
    }
}
