/**
 * What each group and each value of the configuration is for, by path. Generated code has no comments, so the texts
 * of the schema stand here again; a test holds every one of them to its comment in `config.proto`.
 */
export const configTexts: Readonly<Record<string, string>> = {
  server: "Where the server listens, and what it serves besides your services.",
  "server.host": "The address to bind. [::] takes IPv4 as well, where the system allows it.",
  "server.port": "The port to bind. 0 takes a free one.",
  "server.debug": "Verbose logs, and stack traces in the log of every failed call.",
  "server.health": "grpc.health.v1.Health.",
  "server.reflection": "grpc.reflection.v1 and v1alpha.",
  "server.reflection_open":
    'Reflection without a key when NODE_ENV is "production". Elsewhere it never needs one.',
  "server.lane":
    "Which lane answers calls: `auto` takes the fastest that can, `stock` is connect-node alone.",
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
  auth: "How API keys are checked.",
  "auth.key_lease_ms":
    "How long a key that was looked up is trusted before it is looked up again. A key that is revoked stops working within this time, on open streams too.",
  "auth.max_failures": "Wrong keys that one address may send before it is slowed down.",
  "auth.failure_delay_ms":
    "An address that sent too many wrong keys is refused for this long; it doubles with each further failure, up to sixty times as long.",
  log: "Which finished calls are written to the access log and to the request_log table.",
  "log.mode": "off: none. errors: those that did not end with OK. all: every call.",
  "log.level": "The least level of the server's own log lines.",
  "log.format": "pretty reads well on a terminal; auto is pretty on a terminal and json elsewhere.",
  "log.table": "Write finished calls to the request_log table.",
  "log.retention_hours": "Rows of request_log older than this are removed, in hours. 0: kept for ever.",
  "log.max_queued_records": "Records that wait for the table; past it they are dropped and counted.",
  "log.max_queued_bytes":
    "Memory of the records that wait for the table, in bytes; past it they are dropped and counted.",
  database: "The embedded database.",
  "database.url": "The SQLite file, as a path or a file: URL. The folder is made when it is missing.",
  "database.readers": "Worker threads that read. There is always one that writes.",
  "database.max_queued_queries": "Queries that wait for a worker; past it calls end with RESOURCE_EXHAUSTED.",
  cors: "Which web pages may call from a browser.",
  "cors.origins": "Origins such as https://app.example.com, or * for all. Empty: none.",
  "cors.max_age_seconds": "How long a browser may keep the answer to a preflight, in seconds.",
};
