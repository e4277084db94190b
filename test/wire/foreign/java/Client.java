import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Empty;
import com.google.protobuf.Message;
import com.google.protobuf.UInt32Value;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.io.File;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Calls WireService with grpc-netty, and prints what came of each scenario as a line, as ../scenarios.ts has them.
 *
 * <p>Usage: java -cp 'lib/*' Client.java host:port [ca.crt]
 */
public final class Client {
  private static final int LARGE_BYTES = 3 << 20;
  private static final int MANY = 20_000;
  private static final int IN_TURN = 100;

  private static final MethodDescriptor<BytesValue, BytesValue> ECHO =
      method("Echo", MethodType.UNARY, BytesValue.getDefaultInstance(), BytesValue.getDefaultInstance());
  private static final MethodDescriptor<UInt32Value, UInt32Value> COUNT =
      method("Count", MethodType.SERVER_STREAMING, UInt32Value.getDefaultInstance(), UInt32Value.getDefaultInstance());
  private static final MethodDescriptor<UInt32Value, UInt32Value> SUM =
      method("Sum", MethodType.CLIENT_STREAMING, UInt32Value.getDefaultInstance(), UInt32Value.getDefaultInstance());
  private static final MethodDescriptor<BytesValue, BytesValue> CHAT =
      method("Chat", MethodType.BIDI_STREAMING, BytesValue.getDefaultInstance(), BytesValue.getDefaultInstance());
  private static final MethodDescriptor<Empty, UInt32Value> HANG =
      method("Hang", MethodType.SERVER_STREAMING, Empty.getDefaultInstance(), UInt32Value.getDefaultInstance());
  private static final MethodDescriptor<Empty, Empty> NOTHING =
      method("Nothing", MethodType.UNARY, Empty.getDefaultInstance(), Empty.getDefaultInstance());

  private final ManagedChannel channel;

  private Client(ManagedChannel channel) {
    this.channel = channel;
  }

  public static void main(String[] args) throws Exception {
    NettyChannelBuilder builder = NettyChannelBuilder.forTarget("dns:///" + args[0]);
    if (args.length > 1) {
      builder.sslContext(GrpcSslContexts.forClient().trustManager(new File(args[1])).build());
    } else {
      builder.usePlaintext();
    }
    ManagedChannel channel = builder.build();
    try {
      new Client(channel).run();
    } finally {
      channel.shutdownNow();
    }
  }

  private void run() throws Exception {
    report("unary", echo(ByteString.copyFromUtf8("hello")).toStringUtf8());

    StringBuilder numbers = new StringBuilder();
    count(3).forEachRemaining(value -> numbers.append(' ').append(value.getValue()));
    report("server_streaming", numbers.substring(1));

    report("client_streaming", sum(100));
    report("bidi_streaming", chat(IN_TURN, true));

    ByteString sent = ByteString.copyFromUtf8("0123456789abcdef".repeat(LARGE_BYTES / 16));
    ByteString large = echo(sent);
    report("large", large.size() + " " + large.equals(sent));

    int received = 0;
    for (Iterator<UInt32Value> values = count(MANY); values.hasNext(); ) {
      check(values.next().getValue() == ++received, "numbers are in order");
    }
    report("many_out", received);
    report("many_in", sum(MANY));
    report("many_both", chat(MANY, false));

    report("cancel", leave());

    CallOptions soon = CallOptions.DEFAULT.withDeadlineAfter(300, TimeUnit.MILLISECONDS);
    Iterator<UInt32Value> hanging =
        ClientCalls.blockingServerStreamingCall(channel, HANG, soon, Empty.getDefaultInstance());
    report("deadline", codeOf(() -> hanging.forEachRemaining(value -> {})));
    report("unknown", codeOf(() -> unary(NOTHING, Empty.getDefaultInstance())));
  }

  private ByteString echo(ByteString data) {
    return unary(ECHO, BytesValue.of(data)).getValue();
  }

  private <Q, A> A unary(MethodDescriptor<Q, A> method, Q request) {
    return ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, request);
  }

  private Iterator<UInt32Value> count(int to) {
    return ClientCalls.blockingServerStreamingCall(channel, COUNT, CallOptions.DEFAULT, UInt32Value.of(to));
  }

  private int sum(int to) throws Exception {
    CompletableFuture<UInt32Value> answer = new CompletableFuture<>();
    StreamObserver<UInt32Value> requests =
        ClientCalls.asyncClientStreamingCall(
            channel.newCall(SUM, CallOptions.DEFAULT), new Last<>(answer));
    for (int value = 1; value <= to; value++) {
      requests.onNext(UInt32Value.of(value));
    }
    requests.onCompleted();
    return answer.get(5, TimeUnit.MINUTES).getValue();
  }

  /** Sends messages that must come back in order: each when the one before it is answered, or all at once. */
  private int chat(int count, boolean inTurn) throws Exception {
    CompletableFuture<Integer> rounds = new CompletableFuture<>();
    Chat chat = new Chat(count, inTurn, rounds);
    StreamObserver<BytesValue> requests =
        ClientCalls.asyncBidiStreamingCall(channel.newCall(CHAT, CallOptions.DEFAULT), chat);
    for (int round = 0; round < (inTurn ? 1 : count); round++) {
      requests.onNext(message(round));
    }
    if (!inTurn) {
      requests.onCompleted();
    }
    return rounds.get(5, TimeUnit.MINUTES);
  }

  /** Takes one message of a stream without end, and gives it up. */
  private int leave() throws Exception {
    CompletableFuture<Integer> first = new CompletableFuture<>();
    CompletableFuture<Status> end = new CompletableFuture<>();
    ClientCalls.asyncServerStreamingCall(
        channel.newCall(HANG, CallOptions.DEFAULT),
        Empty.getDefaultInstance(),
        new ClientResponseObserver<Empty, UInt32Value>() {
          private ClientCallStreamObserver<Empty> call;

          @Override
          public void beforeStart(ClientCallStreamObserver<Empty> call) {
            this.call = call;
          }

          @Override
          public void onNext(UInt32Value value) {
            first.complete(value.getValue());
            call.cancel("enough", null);
          }

          @Override
          public void onError(Throwable reason) {
            end.complete(Status.fromThrowable(reason));
          }

          @Override
          public void onCompleted() {
            end.complete(Status.OK);
          }
        });
    check(end.get(5, TimeUnit.MINUTES).getCode() == Status.Code.CANCELLED, "it was cancelled");
    return first.get();
  }

  private static String codeOf(Runnable call) {
    try {
      call.run();
      return "OK";
    } catch (StatusRuntimeException reason) {
      return reason.getStatus().getCode().name();
    }
  }

  private static BytesValue message(int round) {
    return BytesValue.of(ByteString.copyFromUtf8("message " + round));
  }

  private static void report(String name, Object outcome) {
    System.out.println(name + " " + outcome);
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException("not so: " + what);
    }
  }

  private static <Q extends Message, A extends Message> MethodDescriptor<Q, A> method(
      String name, MethodType type, Q request, A answer) {
    return MethodDescriptor.<Q, A>newBuilder()
        .setType(type)
        .setFullMethodName("rig.wire.v1.WireService/" + name)
        .setRequestMarshaller(ProtoUtils.marshaller(request))
        .setResponseMarshaller(ProtoUtils.marshaller(answer))
        .build();
  }

  /** Gives the last message, once the call is over. */
  private static final class Last<T> implements StreamObserver<T> {
    private final CompletableFuture<T> whole;
    private T last;

    Last(CompletableFuture<T> whole) {
      this.whole = whole;
    }

    @Override
    public void onNext(T value) {
      last = value;
    }

    @Override
    public void onError(Throwable reason) {
      whole.completeExceptionally(reason);
    }

    @Override
    public void onCompleted() {
      whole.complete(last);
    }
  }

  private static final class Chat implements ClientResponseObserver<BytesValue, BytesValue> {
    private final int count;
    private final boolean inTurn;
    private final CompletableFuture<Integer> rounds;
    private ClientCallStreamObserver<BytesValue> requests;
    private int round;

    Chat(int count, boolean inTurn, CompletableFuture<Integer> rounds) {
      this.count = count;
      this.inTurn = inTurn;
      this.rounds = rounds;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<BytesValue> requests) {
      this.requests = requests;
    }

    @Override
    public void onNext(BytesValue answer) {
      check(answer.equals(message(round)), "messages come back in order");
      round++;
      if (inTurn && round < count) {
        requests.onNext(message(round));
      } else if (inTurn) {
        requests.onCompleted();
      }
    }

    @Override
    public void onError(Throwable reason) {
      rounds.completeExceptionally(reason);
    }

    @Override
    public void onCompleted() {
      rounds.complete(round);
    }
  }
}
