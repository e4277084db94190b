//! Calls WireService with tonic, and prints what came of each scenario as a line, as ../../scenarios.ts has them.
//!
//! Usage: foreign host:port

use std::time::Duration;

use http::uri::PathAndQuery;
use tokio_stream::{Stream, StreamExt, iter, once, wrappers::ReceiverStream};
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

const LARGE_BYTES: usize = 3 << 20;
const MANY: u32 = 20_000;
const IN_TURN: u32 = 100;

type Failure = Box<dyn std::error::Error>;

struct Client(Grpc<Channel>);

impl Client {
    async fn echo(&mut self, data: Vec<u8>) -> Result<Vec<u8>, Failure> {
        self.0.ready().await?;
        Ok(self.0.unary(Request::new(data), path("Echo"), ProstCodec::default()).await?.into_inner())
    }

    async fn count(&mut self, to: u32) -> Result<Streaming<u32>, Failure> {
        self.0.ready().await?;
        let answer = self.0.server_streaming(Request::new(to), path("Count"), ProstCodec::default());
        Ok(answer.await?.into_inner())
    }

    async fn sum(&mut self, to: u32) -> Result<u32, Failure> {
        self.0.ready().await?;
        let request = Request::new(iter(1..=to));
        Ok(self.0.client_streaming(request, path("Sum"), ProstCodec::default()).await?.into_inner())
    }

    async fn chat<S>(&mut self, messages: S) -> Result<Streaming<Vec<u8>>, Failure>
    where
        S: Stream<Item = Vec<u8>> + Send + 'static,
    {
        self.0.ready().await?;
        Ok(self.0.streaming(Request::new(messages), path("Chat"), ProstCodec::default()).await?.into_inner())
    }

    async fn hang(&mut self, timeout: Option<Duration>) -> Result<Streaming<u32>, Failure> {
        self.0.ready().await?;
        let mut request = Request::new(());
        if let Some(timeout) = timeout {
            request.set_timeout(timeout);
        }
        Ok(self.0.server_streaming(request, path("Hang"), ProstCodec::default()).await?.into_inner())
    }

    async fn nothing(&mut self) -> Result<Status, Failure> {
        self.0.ready().await?;
        let codec = ProstCodec::<(), ()>::default();
        let answer = self.0.unary(Request::new(()), path("Nothing"), codec).await;
        answer.err().ok_or("a method that is not there has answered".into())
    }
}

fn path(method: &str) -> PathAndQuery {
    format!("/rig.wire.v1.WireService/{method}").parse().expect("a path")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let address = std::env::args().nth(1).ok_or("which address?")?;
    let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
    let mut client = Client(Grpc::new(channel));

    println!("unary {}", String::from_utf8(client.echo(b"hello".into()).await?)?);

    let numbers: Vec<u32> = client.count(3).await?.collect::<Result<_, _>>().await?;
    println!("server_streaming {}", numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" "));

    println!("client_streaming {}", client.sum(100).await?);
    println!("bidi_streaming {}", chat_in_turn(&mut client).await?);

    let sent = b"0123456789abcdef".repeat(LARGE_BYTES / 16);
    let large = client.echo(sent.clone()).await?;
    println!("large {} {}", large.len(), large == sent);

    let mut stream = client.count(MANY).await?;
    let mut received = 0;
    while let Some(value) = stream.next().await {
        received += 1;
        assert_eq!(value?, received);
    }
    println!("many_out {received}");
    println!("many_in {}", client.sum(MANY).await?);

    let mut answers = client.chat(iter((0..MANY).map(message))).await?;
    let mut rounds = 0;
    while let Some(answer) = answers.next().await {
        assert_eq!(answer?, message(rounds));
        rounds += 1;
    }
    println!("many_both {rounds}");

    let first = client.hang(None).await?.message().await?; // what is dropped is cancelled
    println!("cancel {}", first.unwrap_or(0));

    let mut stream = client.hang(Some(Duration::from_millis(300))).await?;
    let status = loop {
        if let Err(status) = stream.message().await {
            break status;
        }
    };
    println!("deadline {}", name(status.code()));
    println!("unknown {}", name(client.nothing().await?.code()));
    Ok(())
}

/// Awaits each answer before it sends the next message.
async fn chat_in_turn(client: &mut Client) -> Result<u32, Failure> {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    // The server answers with its headers when the first message is there.
    let mut answers = client.chat(once(message(0)).chain(ReceiverStream::new(receiver))).await?;
    for round in 0..IN_TURN {
        assert_eq!(answers.message().await?, Some(message(round)));
        if round + 1 < IN_TURN {
            sender.send(message(round + 1)).await?;
        }
    }
    drop(sender);
    assert_eq!(answers.message().await?, None);
    Ok(IN_TURN)
}

fn message(round: u32) -> Vec<u8> {
    format!("message {round}").into_bytes()
}

/// As gRPC's specification names it.
fn name(code: Code) -> &'static str {
    match code {
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::Unimplemented => "UNIMPLEMENTED",
        other => other.description(),
    }
}
