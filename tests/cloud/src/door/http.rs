//! The door for every other client: a server on loopback.
//!
//! Its clients date their signatures by the wall clock, and so the server checks them by the wall clock, whatever the
//! time factor does to cloud time. Temporary credentials still expire in cloud time. Start cloud time at [`now`], so
//! that timestamps make sense to people; with a factor of 1 both clocks stay together.

use super::{answer, control};
use crate::Cloud;
use crate::clock::Time;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How long a stop waits for answers under way.
const GRACE: Duration = Duration::from_secs(5);

/// A running server; it stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// The wall clock, as the start of cloud time for a server.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(since.as_millis() as u64)
}

impl Server {
    /// Serves `cloud` on loopback: on `port`, or on any free one if that is 0.
    pub async fn start(cloud: Cloud, port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, cloud, stopped));
        Ok(Self { address, stop, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The value for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes no more requests, answers those that were done, and ends. Who waits for an answer that a fault holds back
    /// waits no longer.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = tokio::time::timeout(GRACE, &mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, cloud: Cloud, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, cloud.clone(), stopped.clone()))),
                Err(error) => tracing::warn!(%error, "cannot accept a connection"),
            },
            () = told(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn serve(stream: TcpStream, cloud: Cloud, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let ended = stopped.clone();
    // Boxed, so that the stream can be had back from the connection.
    let service = service_fn(move |request| Box::pin(respond(cloud.clone(), request, ended.clone())));
    let mut connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let served = tokio::select! {
        served = &mut connection => served,
        () = told(&mut stopped) => {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        }
    };
    // Other errors are clients that went away.
    if served.is_err_and(|error| error.is_user()) {
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

/// The error breaks the connection without an answer.
async fn respond(
    cloud: Cloud,
    request: Request<Incoming>,
    mut stopped: watch::Receiver<bool>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let request = Request::from_parts(parts, body);
    if request.uri().path().starts_with(control::ROOT) {
        return Ok(control::respond(&cloud, &request).map(Full::new));
    }
    let response = tokio::select! {
        biased;
        response = answer(&cloud, &request, now()) => response,
        () = told(&mut stopped) => None,
    };
    response.map(|response| response.map(Full::new)).ok_or_else(|| io::ErrorKind::ConnectionReset.into())
}
