//! tonic with its defaults, built for release with link-time optimization.

mod control;

use std::net::Ipv4Addr;
use std::pin::Pin;

use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt, iter, once, pending};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use pb::bench_service_server::{BenchService, BenchServiceServer};
use pb::*;

mod pb {
    tonic::include_proto!("bench.v1");
}

/// The text of every small message.
const TEXT: &str = "a small message of usual length";

/// Blob is above the default of 4 MiB for nobody, and near it.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

struct Bench;

#[tonic::async_trait]
impl BenchService for Bench {
    async fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoResponse>, Status> {
        let EchoRequest { text, number } = request.into_inner();
        Ok(Response::new(EchoResponse { text, number }))
    }

    type StreamStream = Answers<StreamResponse>;

    async fn stream(&self, request: Request<StreamRequest>) -> Result<Response<Self::StreamStream>, Status> {
        let numbers = 1..=request.into_inner().count;
        let answers = numbers.map(|number| Ok(StreamResponse { number, text: TEXT.into() }));
        Ok(Response::new(Box::pin(iter(answers))))
    }

    type ChatStream = Answers<ChatResponse>;

    async fn chat(&self, request: Request<Streaming<ChatRequest>>) -> Result<Response<Self::ChatStream>, Status> {
        let answers = request.into_inner().map(|message| {
            let ChatRequest { number, text } = message?;
            Ok(ChatResponse { number, text })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    type IdleStream = Answers<IdleResponse>;

    async fn idle(&self, _: Request<IdleRequest>) -> Result<Response<Self::IdleStream>, Status> {
        let answers = once(Ok(IdleResponse { text: TEXT.into() })).chain(pending());
        Ok(Response::new(Box::pin(answers)))
    }

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let element = |index| Element {
            id: format!("element-{index:06}"),
            name: "Ada Lovelace".into(),
            email: "ada@example.com".into(),
            age: 36,
            active: true,
        };
        let elements = (0..request.into_inner().count).map(element).collect();
        Ok(Response::new(ListResponse { elements }))
    }

    async fn blob(&self, request: Request<BlobRequest>) -> Result<Response<BlobResponse>, Status> {
        Ok(Response::new(BlobResponse { data: request.into_inner().data }))
    }

    async fn wait(&self, _: Request<WaitRequest>) -> Result<Response<WaitResponse>, Status> {
        Err(Status::unimplemented("only our own server has it"))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    control::serve(listener.local_addr()?.port());
    let service = BenchServiceServer::new(Bench).max_decoding_message_size(MAX_MESSAGE_BYTES);
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder().add_service(service).serve_with_incoming(incoming).await?;
    Ok(())
}
