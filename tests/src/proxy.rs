//! A TCP proxy on loopback that fails when told to: it cuts connections, and loses answers to what was carried out.
//!
//! Put between Rollbook and PostgreSQL it stages what a network does at the worst moment, above all a COMMIT that the
//! server carried out and the client never heard of. It understands no protocol: it moves bytes, counts them, and can
//! look for some. It runs on a thread of its own, so that a test may block.
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A running proxy. New connections are refused and open ones cut when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    faults: Arc<Faults>,
    stop: watch::Sender<bool>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What is to go wrong, and what has.
#[derive(Debug)]
struct Faults {
    /// Counts up; each step cuts every connection open at that time.
    cuts: watch::Sender<u64>,
    /// Bytes that may still go to clients before the cut; `None` means no limit.
    left_to_client: Mutex<Option<u64>>,
    silent: AtomicBool,
    swallow: AtomicBool,
    /// Answers are swallowed on the next connection that sends these bytes.
    swallow_after: Mutex<Option<Vec<u8>>>,
    swallowed: AtomicU64,
    connections: AtomicU64,
}

impl Proxy {
    /// Starts a proxy on a free port of 127.0.0.1 that forwards to `target`.
    ///
    /// # Panics
    /// If the system gives no port or no thread.
    pub fn start(target: SocketAddr) -> Self {
        let faults = Arc::new(Faults::none());
        let (stop, stopped) = watch::channel(false);
        let listener =
            std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a socket can be made non-blocking");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::clone(&faults);
        let thread = thread::spawn(move || run(listener, target, &shared, stopped));
        Self { address, faults, stop, thread: Some(thread) }
    }

    /// Where clients connect instead of to the target.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every open connection on both sides. New ones work.
    pub fn cut_now(&self) {
        self.faults.cut();
    }

    /// Lets `bytes` more go from the target to clients, counted over all connections, then cuts every open
    /// connection, once.
    pub fn cut_after_bytes_to_client(&self, bytes: u64) {
        *lock(&self.faults.left_to_client) = Some(bytes);
    }

    /// While on, no answer comes through, and a connection that waited for one stays open and silent: as when a machine is
    /// gone without a word.
    pub fn fall_silent(&self, on: bool) {
        self.faults.silent.store(on, Ordering::SeqCst);
    }

    /// While on, requests still reach the target, but its first answer on a connection is dropped and the connection
    /// closed: whatever was asked for has been done, and the client does not learn of it.
    pub fn swallow_answers(&self, on: bool) {
        self.faults.swallow.store(on, Ordering::SeqCst);
    }

    /// As [`swallow_answers`](Self::swallow_answers), once: for the next connection that sends `request`, from then
    /// on. The bytes must arrive in one piece, as a short statement such as `COMMIT` does.
    pub fn swallow_answer_to(&self, request: &[u8]) {
        *lock(&self.faults.swallow_after) = Some(request.to_vec());
    }

    /// Bytes of answers dropped until now.
    pub fn swallowed_bytes(&self) -> u64 {
        self.faults.swallowed.load(Ordering::SeqCst)
    }

    /// Connections accepted until now.
    pub fn connections(&self) -> u64 {
        self.faults.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Faults {
    fn none() -> Self {
        Self {
            cuts: watch::Sender::new(0),
            left_to_client: Mutex::new(None),
            silent: AtomicBool::new(false),
            swallow: AtomicBool::new(false),
            swallow_after: Mutex::new(None),
            swallowed: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        }
    }

    fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }

    /// Takes `wanted` bytes off what may still go to clients: how many may go, and whether that was the last.
    fn allow(&self, wanted: u64) -> (u64, bool) {
        let mut left = lock(&self.left_to_client);
        let Some(rest) = *left else { return (wanted, false) };
        let last = rest <= wanted;
        *left = if last { None } else { Some(rest - wanted) };
        (rest.min(wanted), last)
    }

    /// Whether this request is the one whose answer is to be lost.
    fn is_marked(&self, request: &[u8]) -> bool {
        let mut mark = lock(&self.swallow_after);
        let found =
            mark.as_deref().is_some_and(|mark| request.windows(mark.len().max(1)).any(|part| part == mark));
        if found {
            *mark = None;
        }
        found
    }
}

/// Accepts until stopped. The runtime ends here, and with it every connection.
fn run(
    listener: std::net::TcpListener,
    target: SocketAddr,
    faults: &Arc<Faults>,
    mut stopped: watch::Receiver<bool>,
) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).expect("a runtime takes a listener");
        loop {
            tokio::select! {
                _ = stopped.changed() => break,
                accepted = listener.accept() => {
                    if let Ok((client, _)) = accepted {
                        faults.connections.fetch_add(1, Ordering::SeqCst);
                        tokio::spawn(carry(client, target, Arc::clone(faults)));
                    }
                }
            }
        }
    });
}

/// Carries one connection until either side ends it or a fault does; both sides close together.
async fn carry(client: TcpStream, target: SocketAddr, faults: Arc<Faults>) {
    let mut cuts = faults.cuts.subscribe();
    let Ok(server) = TcpStream::connect(target).await else { return };
    // Without this a small answer could wait for an acknowledgement, and a test for that.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let marked = AtomicBool::new(false);
    tokio::select! {
        _ = cuts.changed() => {}
        _ = requests(from_client, to_server, &faults, &marked) => {}
        _ = answers(from_server, to_client, &faults, &marked) => {}
    }
}

/// Client to target. A client that has said all still gets its answers.
async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    faults: &Faults,
    marked: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        let chunk = buffer.get(..count).unwrap_or_default();
        if chunk.is_empty() {
            to.shutdown().await?;
            return std::future::pending().await;
        }
        // Marked before it is sent, or the answer could pass first.
        if faults.is_marked(chunk) {
            marked.store(true, Ordering::SeqCst);
        }
        to.write_all(chunk).await?;
    }
}

/// Target to client, with what is to go wrong on the way.
async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    faults: &Faults,
    marked: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        let chunk = buffer.get(..count).unwrap_or_default();
        if chunk.is_empty() {
            return Ok(());
        }
        if faults.silent.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        if faults.swallow.load(Ordering::SeqCst) || marked.load(Ordering::SeqCst) {
            faults.swallowed.fetch_add(count as u64, Ordering::SeqCst);
            return Ok(());
        }
        let (allowed, last) = faults.allow(count as u64);
        to.write_all(chunk.get(..usize::try_from(allowed).unwrap_or(count)).unwrap_or(chunk)).await?;
        if last {
            faults.cut();
        }
    }
}

/// A test that panicked elsewhere does not make the data here wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    //! An echo server stands in for PostgreSQL; it remembers what reached it.
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::sync::mpsc::{self, Receiver};
    use std::thread;
    use std::time::Duration;

    use super::Proxy;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn echo() -> (SocketAddr, Receiver<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, received) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, sender) = (stream.unwrap(), sender.clone());
                thread::spawn(move || {
                    let mut buffer = [0; 1024];
                    while let Ok(count @ 1..) = stream.read(&mut buffer) {
                        let _ = sender.send(buffer[..count].to_vec());
                        let _ = stream.write_all(&buffer[..count]);
                    }
                });
            }
        });
        (address, received)
    }

    fn client(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn ask(stream: &mut TcpStream, text: &str) -> String {
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = vec![0; text.len()];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// What still comes until the connection closes, cleanly or not.
    fn rest(stream: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        if let Err(error) = stream.read_to_end(&mut bytes) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "still open: {error}");
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn bytes_pass_both_ways_and_after_a_cut_new_connections_work() {
        let proxy = Proxy::start(echo().0);
        let (mut one, mut two) = (client(&proxy), client(&proxy));
        assert_eq!((ask(&mut one, "hello"), ask(&mut two, "there")), ("hello".into(), "there".into()));
        proxy.cut_now();
        assert_eq!((rest(&mut one), rest(&mut two)), (String::new(), String::new()));
        assert_eq!(ask(&mut client(&proxy), "again"), "again");
        assert_eq!(proxy.connections(), 3);
    }

    #[test]
    fn a_cut_after_some_bytes_lets_exactly_those_pass_and_happens_once() {
        let proxy = Proxy::start(echo().0);
        let mut one = client(&proxy);
        proxy.cut_after_bytes_to_client(8);
        assert_eq!(ask(&mut one, "first"), "first");
        one.write_all(b"second").unwrap();
        assert_eq!(rest(&mut one), "sec");
        assert_eq!(ask(&mut client(&proxy), "a longer one than that"), "a longer one than that");
    }

    #[test]
    fn a_swallowed_answer_is_lost_although_the_request_was_carried_out() {
        let (target, received) = echo();
        let proxy = Proxy::start(target);
        let mut one = client(&proxy);
        proxy.swallow_answers(true);
        one.write_all(b"COMMIT").unwrap();
        assert_eq!(rest(&mut one), "");
        assert_eq!(received.recv_timeout(PATIENCE).unwrap(), b"COMMIT");
        assert_eq!(proxy.swallowed_bytes(), 6);
        proxy.swallow_answers(false);
        assert_eq!(ask(&mut client(&proxy), "COMMIT"), "COMMIT");
    }

    #[test]
    fn a_connection_that_fell_silent_stays_open_and_another_works_afterwards() {
        let (target, received) = echo();
        let proxy = Proxy::start(target);
        let mut one = client(&proxy);
        proxy.fall_silent(true);
        one.write_all(b"COMMIT").unwrap();
        assert_eq!(received.recv_timeout(PATIENCE).unwrap(), b"COMMIT");
        one.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let error = one.read(&mut [0; 6]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
        proxy.fall_silent(false);
        assert_eq!(ask(&mut client(&proxy), "COMMIT"), "COMMIT");
    }

    #[test]
    fn only_the_answer_to_the_marked_request_is_swallowed_and_once() {
        let (target, received) = echo();
        let proxy = Proxy::start(target);
        let mut one = client(&proxy);
        proxy.swallow_answer_to(b"COMMIT");
        assert_eq!(ask(&mut one, "BEGIN"), "BEGIN");
        one.write_all(b"Q COMMIT;").unwrap();
        assert_eq!(rest(&mut one), "");
        assert_eq!(received.iter().nth(1).unwrap(), b"Q COMMIT;");
        assert_eq!(ask(&mut client(&proxy), "COMMIT"), "COMMIT");
    }

    #[test]
    fn a_dropped_proxy_leaves_nothing_open() {
        let proxy = Proxy::start(echo().0);
        let (address, mut one) = (proxy.address(), client(&proxy));
        assert_eq!(ask(&mut one, "hello"), "hello");
        drop(proxy);
        assert_eq!(rest(&mut one), "");
        assert!(TcpStream::connect(address).is_err());
    }
}
