//! HTTP over a unix socket, byte for byte as a test wants it.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// What came back.
#[derive(Debug)]
pub struct Response {
    /// Its status; 0 when there was no answer.
    pub status: u16,
    /// Its body, as it came.
    pub body: String,
}

/// Sends a request with a body and its length.
pub fn send(socket: &Path, method: &str, target: &str, body: &str) -> Response {
    let length = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
    raw(socket, &format!("{method} {target} HTTP/1.1"), &length, body)
}

/// Sends a body in chunks, without its length.
pub fn send_chunked(socket: &Path, method: &str, target: &str, body: &str) -> Response {
    let mut chunks = String::with_capacity(body.len() + 1024);
    for chunk in body.as_bytes().chunks(60_000) {
        chunks.push_str(&format!("{:x}\r\n", chunk.len()));
        chunks.push_str(std::str::from_utf8(chunk).unwrap());
        chunks.push_str("\r\n");
    }
    chunks.push_str("0\r\n\r\n");
    let headers = "Content-Type: application/json\r\nTransfer-Encoding: chunked";
    raw(socket, &format!("{method} {target} HTTP/1.1"), headers, &chunks)
}

/// Sends these bytes.
pub fn raw(socket: &Path, line: &str, headers: &str, body: &str) -> Response {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = format!("{line}\r\nHost: docker\r\nConnection: close\r\n{headers}\r\n\r\n");
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    drop(sent);
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Response { status, body: body.to_owned() }
}
