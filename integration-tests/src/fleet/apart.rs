//! A service in a runtime of its own, so that it can be killed and started again while all others live.
//!
//! With the runtime everything of it ends wherever it is, as with a process: its tasks, its connections, what it had in memory. What it would
//! do on its way down it does not do.

use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::{Awaited, PLANNER, serve};

/// The longest that it may take to end.
const END: Duration = Duration::from_secs(10);

/// The planner.
#[derive(Debug)]
pub(super) struct Apart {
    /// Kept while it is dead, so that nobody else takes its address.
    listener: StdListener,
    settings: Vec<String>,
    config: Arc<planner::Config>,
    runtime: Option<Runtime>,
}

impl Apart {
    pub(super) fn start(place: Awaited, config: planner::Config) -> Self {
        let listener = place.listener.into_std().expect("a listener");
        let mut apart = Self { listener, settings: place.settings, config: Arc::new(config), runtime: None };
        apart.start_again();
        apart
    }

    pub(super) fn start_again(&mut self) {
        let runtime = Runtime::new().expect("a runtime");
        let listener = self.listener.try_clone().expect("a listener");
        let (settings, config) = (self.settings.clone(), Arc::clone(&self.config));
        runtime.spawn(async move {
            let place = Awaited { listener: TcpListener::from_std(listener).expect("a listener"), settings };
            let cx = place.surroundings(PLANNER);
            let routes = planner::start(&cx, &config).expect("the planner takes its settings");
            serve(cx, place.listener, routes).await;
        });
        self.runtime = Some(runtime);
    }

    pub(super) async fn kill(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        tokio::task::spawn_blocking(move || runtime.shutdown_timeout(END)).await.expect("it ends");
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
