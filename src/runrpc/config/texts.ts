/**
 * What each group and each value of the configuration is for, by path. Generated code has no comments, so the texts
 * of the schema stand here again; a test holds every one of them to its comment in `config.proto`.
 */
export const configTexts: Readonly<Record<string, string>> = {
  server: "Where the server listens, and what it serves besides your services.",
  "server.host":
    "The address to bind. [::] takes IPv4 as well, where the system allows it. unix:/path.sock is a Unix socket, which its owner and group may open: who can is a peer on this machine.",
  "server.port":
    "The port to bind. 0 takes a free one. Where nothing else names it, PORT of the environment does.",
  "server.debug":
    "Debug mode: names the call and the line that hold the event loop, what outlives its call and what is slow; verbose logs, and stack traces in the log of every failed call.",
  "server.health": "grpc.health.v1.Health.",
  "server.reflection": "grpc.reflection.v1 and v1alpha.",
  "server.reflection_open":
    'Reflection without a key when NODE_ENV is "production". Elsewhere it never needs one.',
  "server.lane":
    "Which lane answers calls: `auto` is runrpc's own, whole; `stock` is connect-node, the second opinion.",
  "server.trusted_proxies":
    "The proxies in front of the server, as addresses or CIDRs such as 10.0.0.0/8, or unix for whoever comes by a Unix socket. From these alone x-forwarded-for and forwarded are read: the client's address is the last one of the chain that is not one of these.",
  "server.http2":
    "Who speaks HTTP/2 on lane auto: `own` is runrpc's engine, `node` is Node's own module, which costs three times as much. Lane stock always has Node's.",
  "server.codec":
    "Who reads and writes binary messages on lane auto: `own` is what buf generate has written into gen/codecs.ts, which leaves what is irregular to protobuf-es, `protobuf-es` is that alone. Lane stock always has protobuf-es.",
  tls: "TLS, when key_file and cert_file are named. Without them the port speaks cleartext.",
  "tls.key_file": "The private key, PEM.",
  "tls.cert_file": "The certificate chain, PEM, leaf first.",
  "tls.client_ca_file":
    "The authorities whose client certificates are accepted, PEM. Named: every client must have one.",
  "tls.min_version": "The oldest version that is accepted.",
  limits: "What a client may ask of the process at one time.",
  "limits.max_request_bytes":
    "The greatest request message, in bytes, after decompression. A method's own option wins.",
  "limits.max_response_bytes": "The greatest response message, in bytes, before compression.",
  "limits.max_concurrent_streams": "Open streams for each HTTP/2 connection, as announced to the client.",
  "limits.max_concurrent_calls":
    "Open calls in the whole process; past it calls end with RESOURCE_EXHAUSTED.",
  "limits.max_connections": "Open connections in the whole process; past it connections are closed at once.",
  "limits.max_connections_per_address": "Open connections for each client address. 0: no limit.",
  "limits.max_header_bytes": "Request headers, in bytes.",
  "limits.max_header_pairs": "Request headers, in name-value pairs.",
  "limits.max_public_streams":
    "Open streams of public methods by callers without a key, and as many again of their unary calls. They take no room of max_concurrent_calls, which also bounds this number. Past it they end with RESOURCE_EXHAUSTED; grpc.health.v1.Health/Check does not count, and always has room.",
  "limits.max_public_streams_per_address": "The same for each client address (IPv6: each /64 network).",
  "limits.calls_per_second":
    "Calls in a second by each key, and by each client address that calls without one; past it they end with RESOURCE_EXHAUSTED and the time to wait. A key's own limit wins. 0: no limit.",
  "limits.max_concurrent_calls_per_key":
    "Open calls of each key; past it further ones end with RESOURCE_EXHAUSTED. A key's own limit wins. 0: no limit.",
  "limits.max_concurrent_calls_per_address":
    "Open calls of each client address that calls without a key. 0: no limit.",
  "limits.calls_burst":
    "Calls that may come at once after a pause, where calls in a second are limited. 0: as many as in a second.",
  timeouts: "How long things may take, in milliseconds.",
  "timeouts.unary_deadline_ms":
    "The deadline of a unary call whose client names none. 0: none. A method's own option wins.",
  "timeouts.max_deadline_ms":
    "The greatest deadline; a longer one is cut down to it. 0: no bound. A method's own option wins.",
  "timeouts.first_byte_timeout_ms": "From connecting to the first byte.",
  "timeouts.headers_timeout_ms": "From the first byte of a request to the end of its headers.",
  "timeouts.idle_timeout_ms": "A connection without an open request is closed after this.",
  "timeouts.ping_interval_ms": "Between two HTTP/2 pings to the client. 0: no pings.",
  "timeouts.ping_timeout_ms": "A client that has not answered a ping by then is gone.",
  "timeouts.drain_timeout_ms":
    "At shutdown, how long open calls may go on before they are aborted with UNAVAILABLE.",
  "timeouts.drain_delay_ms":
    "At shutdown, how long everything is still served while health says NOT_SERVING and /readyz 503, so that balancers look elsewhere.",
  "timeouts.max_connection_age_ms":
    "The age at which a connection ends in good order, give or take a tenth, so that clients spread over the servers that there are. 0: none.",
  "timeouts.max_connection_age_grace_ms":
    "How long after its greatest age the open calls of a connection may go on before they are aborted with UNAVAILABLE. 0: until they end.",
  "timeouts.write_timeout_ms":
    "How long a client may read nothing of what is sent to it before its call is cut. 0: as long as the call has time.",
  auth: "How callers are told, by API keys or by the application.",
  "auth.key_lease_ms":
    "How long a key that was looked up is trusted before it is looked up again. A key that is revoked stops working within this time, on open streams too.",
  "auth.max_failures":
    "Wrong keys that one address may send within a minute; further ones are answered RESOURCE_EXHAUSTED. Good keys from the same address are not touched.",
  "auth.failure_delay_ms":
    "For how long wrong keys of such an address are answered so; it doubles with each further one, up to sixty times as long.",
  "auth.lookups_per_second":
    "Look-ups in a second, for each address, of keys that turn out wrong; a tenth of it may come at once. Past it the unknown keys of that address wait for their turn, its connections in rotation.",
  "auth.authenticate_timeout_ms":
    "How long the application's own `authenticate` may take for a call, which is UNAVAILABLE then.",
  "auth.recheck_interval_ms":
    "How often the application's own `authenticate` is asked again about a call that stays open, which ends when its caller is not known any more. An expiry that it gave ends calls by itself.",
  log: "Which finished calls are written to the access log and to the request_log table.",
  "log.mode": "off: none. errors: those that did not end with OK. all: every call.",
  "log.level": "The least level of the server's own log lines.",
  "log.format": "pretty reads well on a terminal; auto is pretty on a terminal and json elsewhere.",
  "log.table": "Write finished calls to the request_log table.",
  "log.retention_hours": "Rows of request_log older than this are removed, in hours. 0: kept for ever.",
  "log.max_queued_records": "Records that wait for the table; past it they are dropped and counted.",
  "log.max_queued_bytes":
    "Memory of the records that wait for the table, in bytes; past it they are dropped and counted.",
  "log.requests":
    "Keeps the request of each call of your services in request_log, as JSON, without fields that are `sensitive` (runrpc.options.v1); of a stream of requests the first one.",
  "log.max_kept_request_bytes": "A request that is longer as JSON is not kept, in bytes.",
  "log.max_kept_requests":
    "The requests of so many calls are kept, the latest; those of earlier ones are removed, and their rows stay.",
  database: "The database: an SQLite file, or one of a Postgres server.",
  "database.url":
    "The SQLite file, as a path or a file: URL; its folder is made when it is missing. Or a database of Postgres, as postgres://user:password@host/database: by TLS where the host is not this machine, ?sslmode=disable and ?sslrootcert=FILE say otherwise.",
  "database.readers":
    "SQLite: worker threads that read; there is always one that writes. Slow reads leave one of them free. With 1 a slow read holds up all others.",
  "database.max_queued_queries":
    "Queries that wait for a worker or a connection; past it calls end with RESOURCE_EXHAUSTED.",
  "database.max_queued_bytes":
    "What the queries that wait may hold together, in bytes; past it calls end with RESOURCE_EXHAUSTED.",
  "database.worker_heap_mb":
    "SQLite: the heap of each worker, in megabytes. A query that takes or gives more than a quarter of it ends with RESOURCE_EXHAUSTED.",
  "database.allow_newer":
    "Serves a database with later migrations than this code knows. Only for migrations that add and take nothing away.",
  "database.connections":
    "Postgres: connections that calls share, opened as they are needed. Two further ones are to cancel by and to hear other processes.",
  "database.statement_timeout_ms":
    "Postgres: how long one statement may run, in milliseconds; past it the call ends with RESOURCE_EXHAUSTED. 0: for ever.",
  cors: "Which web pages may call from a browser.",
  "cors.origins": "Origins such as https://app.example.com, or * for all. Empty: none.",
  "cors.max_age_seconds": "How long a browser may keep the answer to a preflight, in seconds.",
  "cors.allowed_headers":
    "Request headers of your own that pages may send, beside those of the protocols and of keys. * for all.",
  "cors.exposed_headers":
    "Response headers of your own that pages may read, beside those of the protocols. * for all.",
  "cors.allow_credentials":
    "Pages may call with cookies and client certificates, for an application that tells callers by them.",
  errors: "What becomes of the process when code fails outside of any call.",
  "errors.on_stray":
    "An error that nobody catches, as in a timer, or a rejected promise that nobody awaits, is logged with the method and request id of the call that it comes from. continue: the server goes on. drain: it drains, and the exit code is 1.",
  compression:
    "Which answers are compressed, message by message, for clients that take it. Requests may always be.",
  "compression.min_bytes":
    "A response message of at least so many bytes is compressed, where that makes it shorter. 0: none is.",
  "compression.encodings":
    "With what, in order of preference, as gzip or zstd, br. A client's own preference wins. Empty: zstd, br, gzip.",
  "compression.loopback":
    "Compresses answers to clients on this machine as well, where it costs more than it saves. Behind a proxy on this machine, name that in server.trusted_proxies: the clients are then those that it speaks for.",
  debug: "What debug mode (server.debug) looks for.",
  "debug.block_ms": "How long the event loop may be held before that is named, in milliseconds.",
  "debug.grace_ms":
    "How long a handler may go on after its call has ended before it is named, in milliseconds.",
  "debug.slow_ms":
    "A call that takes longer is named with its parts, as is a query, and a client that does not read for so long, in milliseconds.",
  "debug.in_production":
    'Allows debug mode when NODE_ENV is "production", where it stops the start otherwise.',
  metrics:
    "What GET /metrics tells in Prometheus' text format: calls, streams, connections, the store and the process.",
  "metrics.enabled": "Counts calls and serves /metrics. Without it nothing is counted.",
  "metrics.address":
    "A host and port of their own, such as 127.0.0.1:9464, where /metrics is served to whoever reaches it, in cleartext and without a key. Empty: on the server's port, to a key with the scope metrics.read or admin, and in development to everybody on this machine.",
  "metrics.open": "/metrics on the server's port needs no key.",
  traces:
    "Spans of calls and queries, where the process has an OpenTelemetry SDK that was registered before the start.",
  "traces.enabled": "Makes them. Without an SDK there is nothing to make, and nothing is done.",
  "traces.grpc_trace_bin":
    "Reads the span that a call is a part of from grpc-trace-bin as well, which older gRPC clients send, where there is no traceparent.",
  "traces.stream_interval_ms":
    "How often a stream that stays open is told of by a span of its own, with its messages since the last one, in milliseconds.",
  "traces.link":
    "Where a trace is looked at, such as https://jaeger.example.com/trace/{trace_id}: the page leads there from a call. Empty: it shows the id of the trace alone.",
  monitor:
    "What operators see of a running server, and may do to it, by its own service runrpc.monitor.v1.MonitorService.",
  "monitor.enabled":
    "Serves it, to keys with the scope admin. `runrpc top`, `runrpc logs` and most of the page stand on it.",
  web: "The page for people that the server has at /_/, to look its services over and call them from a browser.",
  "web.enabled":
    "Serves it. In development `serve` prints a link that signs in; in production it asks for a key with the scope admin.",
  "web.hosts":
    "The host names that it is asked for by, such as api.example.com, besides localhost and addresses. Any other name is refused, because it may be a stranger's that leads here (DNS rebinding).",
  workers: "How many processes serve the port.",
  "workers.count":
    "Processes, each with an event loop of its own; auto: as many as the machine runs at one time. One more hands them their connections. Limits of the whole process then hold for all of them together, each having its share.",
  "workers.max_still_ms":
    "How long the event loop of a worker may stand still before its process is ended and another takes its place. One that a debugger may attach to is not ended. 0: for ever.",
};
