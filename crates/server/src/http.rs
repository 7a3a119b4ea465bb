//! `Server`: HTTPS, its paths, and the bounds around every request.
//!
//! Knows no rule: a body that parses goes to `admission`, everything else ends here. Whatever
//! cannot be answered in time is refused, with the reason.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

use crate::ServerError;
use crate::admission::{
    Admission, AdmissionResponse, AdmissionReview, ImageReview, ImageReviewAnswer,
};
use crate::limits::{
    BODY_MAX_BYTES, CONNECTIONS_MAX, DEADLINE, DRAIN_MAX, HANDSHAKE_MAX, HEAD_MAX, JUDGING_MAX,
    PARSED_AT_ONCE_BYTES,
};
use crate::tls::{self, ServedCertificate};

/// How long to wait before the next connection when the system has no more of something.
const BACK_OFF: Duration = Duration::from_millis(50);

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    acceptor: TlsDebug,
    gate: Gate,
}

/// `TlsAcceptor` has no `Debug` of its own.
#[derive(Clone)]
struct TlsDebug(TlsAcceptor);

impl std::fmt::Debug for TlsDebug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsAcceptor")
    }
}

/// What every request is given.
#[derive(Debug, Clone)]
struct Gate {
    admission: Arc<Admission>,
    judging: Arc<Semaphore>,
}

/// Why a request got no answer of admission.
#[derive(Debug)]
enum Unanswered {
    TooLarge,
    TooSlow,
    Malformed(String),
    Broken,
}

impl Server {
    /// Listens on an address; nothing is answered before [`Server::run`].
    pub async fn bind(
        address: &str,
        served: Arc<ServedCertificate>,
        admission: Arc<Admission>,
    ) -> Result<Server, ServerError> {
        let wrong = |error: std::io::Error| ServerError::Listen {
            address: address.to_owned(),
            why: error.to_string(),
        };
        let listener = TcpListener::bind(address).await.map_err(wrong)?;
        let local = listener.local_addr().map_err(wrong)?;
        let acceptor = TlsDebug(TlsAcceptor::from(Arc::new(tls::settings(served)?)));
        let gate = Gate { admission, judging: Arc::new(Semaphore::new(JUDGING_MAX)) };
        Ok(Server { listener, address: local, acceptor, gate })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `end` comes; then lets open requests finish for a while.
    pub async fn run(self, end: impl Future<Output = ()>) {
        let router = router(self.gate);
        let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        tokio::pin!(end);
        loop {
            let Ok(permit) = connections.clone().acquire_owned().await else { return };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut end => break,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(BACK_OFF).await;
                continue;
            };
            let (acceptor, router) = (self.acceptor.clone(), router.clone());
            tokio::spawn(async move {
                speak(stream, acceptor, router).await;
                drop(permit);
            });
        }
        drop(self.listener);
        let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
        let _ = timeout(DRAIN_MAX, connections.acquire_many(all)).await;
    }
}

async fn speak(stream: TcpStream, acceptor: TlsDebug, router: Router) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = timeout(HANDSHAKE_MAX, acceptor.0.accept(stream)).await else { return };
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_MAX);
    let service = TowerToHyperService::new(router);
    // A connection that breaks is the client's to open again.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

fn router(gate: Gate) -> Router {
    Router::new()
        .route("/admission", post(validate))
        .route("/mutate", post(mutate))
        .route("/image-review", post(review_images))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(gate)
}

async fn validate(State(gate): State<Gate>, body: Body) -> Response {
    gate.answer_review(body, Admission::validate).await
}

async fn mutate(State(gate): State<Gate>, body: Body) -> Response {
    gate.answer_review(body, Admission::mutate).await
}

async fn review_images(State(gate): State<Gate>, body: Body) -> Response {
    let deadline = Instant::now() + DEADLINE;
    let answered = async {
        let review = gate.read(body, deadline, ImageReview::parse).await?;
        let judge = move |admission: &Admission| admission.review_images(&review);
        gate.work(deadline, judge).await
    };
    match answered.await {
        Ok(status) => document(&ImageReviewAnswer::from(status)),
        Err(why) => why.into_response(),
    }
}

async fn ready(State(gate): State<Gate>) -> Response {
    match gate.work(Instant::now() + DEADLINE, Admission::check).await {
        Ok(Ok(())) => "ready\n".into_response(),
        Ok(Err(error)) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
        Err(why) => why.into_response(),
    }
}

async fn metrics(State(gate): State<Gate>) -> Response {
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([kind], gate.admission.metrics.text()).into_response()
}

impl Gate {
    /// Reads a review, has it answered, and puts the answer around it; a review that is read but
    /// not answered in time is refused by name.
    async fn answer_review(
        &self,
        body: Body,
        answer: fn(&Admission, &AdmissionReview) -> AdmissionResponse,
    ) -> Response {
        let deadline = Instant::now() + DEADLINE;
        let review = match self.read(body, deadline, AdmissionReview::parse).await {
            Ok(review) => Arc::new(review),
            Err(why) => return why.into_response(),
        };
        let asked = Arc::clone(&review);
        let work = self.work(deadline, move |admission| answer(admission, &asked)).await;
        let response = work.unwrap_or_else(|why| {
            self.admission.count_unanswered();
            AdmissionResponse::unjudged(format!(
                "lazaret cannot judge this, so it may not start: {}",
                why.text()
            ))
        });
        document(&review.answered(response))
    }

    /// The body, parsed; a large one where it holds up nobody else.
    async fn read<T: Send + 'static>(
        &self,
        body: Body,
        deadline: Instant,
        parse: fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, Unanswered> {
        let read = timeout_at(deadline, to_bytes(body, BODY_MAX_BYTES)).await;
        let bytes = match read {
            Err(_) => return Err(Unanswered::TooSlow),
            Ok(Err(_)) => return Err(Unanswered::TooLarge),
            Ok(Ok(bytes)) => bytes,
        };
        let parsed = match bytes.len() {
            0..=PARSED_AT_ONCE_BYTES => parse(&bytes),
            _ => self.work(deadline, move |_| parse(&bytes)).await?,
        };
        parsed.map_err(Unanswered::Malformed)
    }

    /// Runs blocking work, not more than so many at a time, and waits for it until the deadline.
    async fn work<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce(&Admission) -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        let permit = timeout_at(deadline, self.judging.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| Unanswered::TooSlow)?.map_err(|_| Unanswered::Broken)?;
        let admission = Arc::clone(&self.admission);
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&admission);
            drop(permit);
            done
        });
        match timeout_at(deadline, done).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(Unanswered::Broken),
            Err(_) => Err(Unanswered::TooSlow),
        }
    }
}

impl Unanswered {
    fn text(&self) -> String {
        match self {
            Unanswered::TooLarge => format!("the body is larger than {BODY_MAX_BYTES} bytes"),
            Unanswered::TooSlow => format!("it took longer than {} s", DEADLINE.as_secs()),
            Unanswered::Malformed(why) => why.clone(),
            Unanswered::Broken => "the judgement was broken off".to_owned(),
        }
    }
}

impl IntoResponse for Unanswered {
    fn into_response(self) -> Response {
        let status = match self {
            Unanswered::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Unanswered::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
            Unanswered::Malformed(_) => StatusCode::BAD_REQUEST,
            Unanswered::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, format!("lazaret: {}\n", self.text())).into_response()
    }
}

fn document(answer: &impl Serialize) -> Response {
    match serde_json::to_vec(answer) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_) => Unanswered::Broken.into_response(),
    }
}
