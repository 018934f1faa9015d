//! A TCP proxy in front of a server, that breaks what comes back after n bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

/// What happens to a connection after so many bytes from the server have passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: a plain proxy.
    None,
    /// The connection is reset (RST).
    ResetAfter(usize),
    /// It stays open and silent.
    StallAfter(usize),
    /// It is closed in good order (FIN), too early.
    TruncateAfter(usize),
}

impl Fault {
    fn limit(self) -> usize {
        match self {
            Self::None => usize::MAX,
            Self::ResetAfter(bytes) | Self::StallAfter(bytes) | Self::TruncateAfter(bytes) => bytes,
        }
    }
}

/// A running proxy; it ends when dropped.
pub struct FaultProxy {
    address: SocketAddr,
    fault: Arc<Mutex<Fault>>,
    ended: Arc<AtomicBool>,
}

impl FaultProxy {
    /// Starts a proxy for `target` on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start(target: SocketAddr, fault: Fault) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let fault = Arc::new(Mutex::new(fault));
        let ended = Arc::new(AtomicBool::new(false));
        let (shared, stop) = (Arc::clone(&fault), Arc::clone(&ended));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let fault = *shared.lock().expect("the fault");
                let stop = Arc::clone(&stop);
                thread::spawn(move || relay(client, target, fault, &stop));
            }
        });
        Self { address, fault, ended }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens to connections from now on.
    ///
    /// # Panics
    /// When a thread of the proxy panicked.
    pub fn set(&self, fault: Fault) {
        *self.fault.lock().expect("the fault") = fault;
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the acceptor, which then sees that it has ended.
        let _ = TcpStream::connect(self.address);
    }
}

fn relay(client: TcpStream, target: SocketAddr, fault: Fault, ended: &AtomicBool) {
    let Ok(server) = TcpStream::connect(target) else { return };
    let (Ok(mut from_client), Ok(mut to_server)) = (client.try_clone(), server.try_clone()) else { return };
    let upward = thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let cut = copy_at_most(&server, &client, fault.limit());
    while cut && matches!(fault, Fault::StallAfter(_)) && !ended.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(50));
    }
    let _ = server.shutdown(Shutdown::Both);
    if cut && matches!(fault, Fault::ResetAfter(_)) {
        // A reset is sent when the last handle is closed, so that the other thread must let go first.
        let _ = SockRef::from(&client).set_linger(Some(Duration::ZERO));
        let _ = client.shutdown(Shutdown::Read);
        let _ = upward.join();
    } else {
        let _ = client.shutdown(Shutdown::Both);
    }
}

/// Copies up to `limit` bytes. Answers whether the limit ended it.
fn copy_at_most(mut from: &TcpStream, mut to: &TcpStream, limit: usize) -> bool {
    let mut left = limit;
    let mut buffer = [0; 4096];
    while left > 0 {
        let length = buffer.len().min(left);
        match from.read(&mut buffer[..length]) {
            Ok(0) | Err(_) => return false,
            Ok(read) => {
                if to.write_all(&buffer[..read]).is_err() {
                    return false;
                }
                left -= read;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    /// A server that sends `abcdef` and closes.
    fn alphabet() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.write_all(b"abcdef");
            }
        });
        address
    }

    fn read_through(fault: Fault) -> (Vec<u8>, Option<ErrorKind>) {
        let proxy = FaultProxy::start(alphabet(), fault);
        let mut stream = TcpStream::connect(proxy.address()).expect("the proxy");
        stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a time-out");
        let mut bytes = Vec::new();
        let mut buffer = [0; 16];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return (bytes, None),
                Ok(length) => bytes.extend_from_slice(&buffer[..length]),
                Err(error) => return (bytes, Some(error.kind())),
            }
        }
    }

    #[test]
    fn each_fault_is_what_its_name_says() {
        assert_eq!(read_through(Fault::None), (b"abcdef".to_vec(), None));
        assert_eq!(read_through(Fault::TruncateAfter(3)), (b"abc".to_vec(), None));
        assert_eq!(read_through(Fault::StallAfter(2)), (b"ab".to_vec(), Some(ErrorKind::WouldBlock)));
        assert_eq!(read_through(Fault::ResetAfter(0)).1, Some(ErrorKind::ConnectionReset));
    }
}
