//! A mail server for tests: it speaks enough SMTP to be sent mail by a real client over real TCP, and keeps what it gets.
//!
//! It can refuse every mail, or take one and never say so, as a server does that dies. It delivers nothing.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Longest a mail is waited for.
const WAIT: Duration = Duration::from_secs(60);

/// What becomes of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It is kept.
    Takes,
    /// It is refused for now (451), with its address in the answer.
    Refuses,
    /// It is kept, but the sender never hears of it.
    Hangs,
}

/// One mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// From whom, as the envelope says.
    pub from: String,
    /// To whom.
    pub to: Vec<String>,
    /// Head and body, decoded from quoted-printable.
    pub text: String,
}

/// A running server. Its threads end with the process.
#[derive(Clone, Debug)]
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    manner: AtomicU8,
    refused: AtomicUsize,
    mails: Mutex<Vec<Received>>,
}

impl Sink {
    /// Starts one on a free port of this machine.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it has an address");
        let shared =
            Shared { manner: AtomicU8::new(0), refused: AtomicUsize::new(0), mails: Mutex::default() };
        let sink = Self { address, shared: Arc::new(shared) };
        sink.behave(manner);
        let shared = Arc::clone(&sink.shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that goes away ends its own conversation only.
                thread::spawn(move || shared.converse(&stream));
            }
        });
        sink
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Treats mails otherwise from now on.
    pub fn behave(&self, manner: Manner) {
        self.shared.manner.store(manner as u8, Ordering::SeqCst);
    }

    /// How many mails were refused.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// What came until now.
    #[must_use]
    pub fn mails(&self) -> Vec<Received> {
        self.shared.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until there are `count` mails.
    ///
    /// # Panics
    /// If they do not come within a minute.
    #[must_use]
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let start = Instant::now();
        while start.elapsed() < WAIT {
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} mails came, not {count}", self.mails().len())
    }
}

impl Shared {
    fn manner(&self) -> Manner {
        let all = [Manner::Takes, Manner::Refuses, Manner::Hangs];
        let now = self.manner.load(Ordering::SeqCst);
        all.into_iter().find(|manner| *manner as u8 == now).unwrap_or(Manner::Takes)
    }

    /// Until the client goes; nothing is answered then.
    fn converse(&self, stream: &TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream);
        let mut out = stream;
        let mut say = move |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).ok();
        let mut mail = Received { from: String::new(), to: Vec::new(), text: String::new() };
        say("220 sink ready")?;
        loop {
            let line = read(&mut lines)?;
            let verb = line.get(..4).unwrap_or_default().to_uppercase();
            match verb.as_str() {
                "EHLO" | "HELO" => say("250 sink")?,
                "MAIL" => {
                    mail = Received { from: path(&line), to: Vec::new(), text: String::new() };
                    say("250 go on")?;
                }
                "RCPT" if self.manner() == Manner::Refuses => {
                    self.refused.fetch_add(1, Ordering::SeqCst);
                    say(&format!("451 not now, {}", path(&line)))?;
                }
                "RCPT" => {
                    mail.to.push(path(&line));
                    say("250 go on")?;
                }
                "DATA" => {
                    say("354 go on")?;
                    mail.text = decoded(&data(&mut lines)?);
                    self.mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail.clone());
                    if self.manner() == Manner::Hangs {
                        thread::sleep(WAIT);
                        return None;
                    }
                    say("250 kept")?;
                }
                "QUIT" => return say("221 bye"),
                _ => say("250 as you say")?,
            }
        }
    }
}

fn read(lines: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let count = lines.read_line(&mut line).ok()?;
    (count > 0).then(|| line.trim_end().to_owned())
}

/// What stands between `<` and `>`.
fn path(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(inner, _)| inner.to_owned()).unwrap_or_default()
}

/// Up to the line with a dot alone.
fn data(lines: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    loop {
        let line = read(lines)?;
        if line == "." {
            return Some(text);
        }
        text += line.strip_prefix('.').unwrap_or(&line);
        text += "\n";
    }
}

/// Quoted-printable undone: soft line ends, and bytes by their hex. What is none of it stays.
fn decoded(text: &str) -> String {
    let joined = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_str();
    while let Some((before, after)) = rest.split_once('=') {
        bytes.extend(before.bytes());
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(hex.unwrap_or(b'='));
        rest = if hex.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    bytes.extend(rest.bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn what_a_mail_encodes_is_read_as_it_was_written() {
        assert_eq!(decoded("a long =\nline, 1 =3D 1, Zo=C3=AB"), "a long line, 1 = 1, Zoë");
        assert_eq!(decoded("no code =zz"), "no code =zz");
    }
}
