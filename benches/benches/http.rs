//! `POST /check` beside a bare handler that reads the same body and session behind the same layers and answers a
//! constant: what does the check cost over HTTP?
//!
//! The real router on loopback, a real session, kept-alive connections from a second runtime; the two are loaded in
//! turn, and only ratios within a round count. Not measured: a network, TLS, a large organization (see `check`).

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use rollbook_api::app::App;
use rollbook_api::extract::{Body, Caller, MinPosition};
use rollbook_api::{app, server};
use rollbook_benches::spread;
use rollbook_ledger::follow::Rhythm;
use rollbook_tests::app::World;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const ROUNDS: usize = 8;
const CELL: Duration = Duration::from_millis(1_500);
const CHECK: &str = "/api/v1/check";
const BARE: &str = "/bare";

/// Everything that `/check` does but the check.
async fn bare(State(app): State<App>, caller: Caller, min: MinPosition, body: Body<Value>) -> Json<Value> {
    let position = app::fresh(&caller.open, min.0).await.map_or(0, |now| now.position);
    drop((app, body));
    let reason = json!({"effect": "allow", "source": "role", "name": "Owner", "position": 1, "code": "granted"});
    Json(json!({ "allowed": true, "reasons": [reason], "position": position }))
}

/// Serves on a thread of its own until the process ends; gives the address and a session's token.
fn serve() -> (SocketAddr, String) {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let world = World::new().await;
            world.app.deployment().start(Rhythm::default()).await;
            let own = Router::new().route(BARE, post(bare)).with_state(world.app.clone());
            let router = server::router(world.app.clone()).merge(server::around(own));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send((listener.local_addr().unwrap(), world.north.tokens["owner"].clone())).unwrap();
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, service).await.unwrap();
        });
    });
    receive.recv().unwrap()
}

fn request(path: &str, token: &str) -> Vec<u8> {
    let target = json!({ "kind": "user", "id": "agent" });
    let body = json!({ "user": "owner", "permission": "users.edit", "target": target }).to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One exchange on a kept-alive connection; the answer's body.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut Vec<u8>) -> std::ops::Range<usize> {
    stream.write_all(request).await.unwrap();
    buffer.clear();
    loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the server hung up");
        let Some(head) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head]).unwrap();
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let end = head + 4 + length.parse::<usize>().unwrap();
        if buffer.len() >= end {
            return head + 4..end;
        }
    }
}

/// Answers a second, and the 99th percentile of the time to one in microseconds.
async fn load(address: SocketAddr, request: &[u8], connections: usize) -> (f64, f64) {
    let started = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let request = request.to_vec();
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (mut buffer, mut times) = (Vec::with_capacity(4_096), Vec::new());
                while started.elapsed() < CELL {
                    let sent = Instant::now();
                    exchange(&mut stream, &request, &mut buffer).await;
                    times.push(sent.elapsed().as_secs_f64() * 1e6);
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let rate = times.len() as f64 / started.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    (rate, times[times.len() * 99 / 100])
}

async fn compare(address: SocketAddr, check: &[u8], bare: &[u8], connections: usize) {
    let (mut rates, mut ratios, mut p99s, mut tails) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let (ours, theirs) = if round % 2 == 0 {
            let ours = load(address, check, connections).await;
            (ours, load(address, bare, connections).await)
        } else {
            let theirs = load(address, bare, connections).await;
            (load(address, check, connections).await, theirs)
        };
        rates.push(ours.0);
        ratios.push(ours.0 / theirs.0);
        p99s.push(ours.1);
        tails.push(ours.1 / theirs.1);
    }
    let (rate, _, _) = spread(rates);
    let (ratio, least, most) = spread(ratios);
    let (p99, _, _) = spread(p99s);
    let (tail, low, high) = spread(tails);
    println!(
        "| {connections} | {rate:.0} | {ratio:.2} [{least:.2}, {most:.2}] | {p99:.0} us | {tail:.2} [{low:.2}, {high:.2}] |"
    );
}

fn main() {
    let (address, token) = serve();
    let (check, bare) = (request(CHECK, &token), request(BARE, &token));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut buffer = Vec::new();
        for request in [&check, &bare] {
            let body = exchange(&mut stream, request, &mut buffer).await;
            let answer: Value = serde_json::from_slice(&buffer[body]).unwrap();
            assert_eq!(answer["allowed"], true, "{answer}");
            assert_eq!(answer["reasons"].as_array().unwrap().len(), 1, "{answer}");
        }
        println!("| connections | checks /s | check to bare | p99 | p99, check to bare |\n|---:|---:|---|---|---|");
        for connections in [1, 16, 64] {
            compare(address, &check, &bare, connections).await;
        }
    });
}
