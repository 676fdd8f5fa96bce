//! Holding the file's write lock: the writer's thread waits in a transaction for the batch.

use std::sync::{Arc, mpsc};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use super::append::write;
use super::{LOOK_EVERY, SqliteStore, error};
use crate::store::batch::{Appended, Batch};
use crate::store::held::HOLD_MAX;
use crate::store::{AppendError, StoreError};

type Answer = Result<Appended, AppendError>;

/// The write lock, for one batch.
#[derive(Debug)]
pub(in crate::store) struct Held {
    store: SqliteStore,
    batch: mpsc::Sender<Arc<Batch>>,
    answer: oneshot::Receiver<Answer>,
}

impl SqliteStore {
    pub(in crate::store) async fn hold(&self) -> Result<Held, StoreError> {
        // SQLite has no queue: without a pause those who wait for the lock would find it taken each time they look.
        tokio::time::sleep(2 * LOOK_EVERY).await;
        let (held, is_held) = oneshot::channel();
        let (batch, batches) = mpsc::channel();
        let (answer, answered) = oneshot::channel();
        self.enqueue(move |connection| hold(connection, held, &batches, answer)).await?;
        let ended = |_| StoreError::Unavailable("the writer's job did not begin".to_owned());
        is_held.await.map_err(ended)??;
        Ok(Held { store: self.clone(), batch, answer: answered })
    }
}

fn hold(
    connection: &mut Connection,
    held: oneshot::Sender<Result<(), StoreError>>,
    batches: &mpsc::Receiver<Arc<Batch>>,
    answer: oneshot::Sender<Answer>,
) {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            let _gone = held.send(Err(error::store(&error)));
            return;
        }
    };
    if held.send(Ok(())).is_err() {
        return;
    }
    // Dropped or too late: the transaction is rolled back.
    if let Ok(batch) = batches.recv_timeout(HOLD_MAX) {
        let _gone = answer.send(write(transaction, &batch));
    }
}

impl Held {
    pub(in crate::store) async fn append(self, batch: Arc<Batch>) -> Answer {
        if self.batch.send(Arc::clone(&batch)).is_err() {
            // The lock was let go before; whoever came meanwhile may have written another ledger.
            return self.store.append(batch).await;
        }
        // Closed just as the batch came, or the job panicked.
        let unknown = || Err(AppendError::InDoubt("the lock was let go".to_owned()));
        self.answer.await.unwrap_or_else(|_| unknown())
    }
}
