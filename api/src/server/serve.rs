//! Listening and stopping: what is under way is finished, counts are written, then the process ends.

use super::router;
use crate::app::App;
use crate::mail;
use rollbook_ledger::follow::Rhythm;
use std::future::Future;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// A bound listener, before it serves.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listening {
    /// Binds; port 0 takes a free one.
    ///
    /// # Errors
    /// If the address is taken or not this machine's.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The address with its real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Serves until `stop` is ready, then finishes what is under way.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listening: Listening,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    app.deployment().start(Rhythm { memory: app.options().memory, ..Rhythm::default() }).await;
    let measuring = tokio::spawn(app.clone().measure());
    let sending = tokio::spawn(mail::sending(app.clone()));
    let closing = app.clone();
    let stop = async move {
        stop.await;
        closing.close();
    };
    let served = axum::serve(listening.listener, service).with_graceful_shutdown(stop).await;
    measuring.abort();
    sending.abort();
    app.stop_followers();
    app.deployment().stop().await;
    served
}
