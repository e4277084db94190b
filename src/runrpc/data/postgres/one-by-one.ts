import type pg from "pg";

/** Asks a server. Rejects when it does not answer. */
export type Ask = <Row extends pg.QueryResultRow>(query: pg.QueryConfig) => Promise<pg.QueryResult<Row>>;

/** How long the server may take to answer: past it the connection is taken for one that was cut without a word, in milliseconds. */
const answerTimeoutMs = 10_000;

/** One question after the other, whoever asks: pg is about to refuse one that comes while another is open. */
export function askOneByOne(client: pg.Client): Ask {
  let last: Promise<unknown> = Promise.resolve();
  return <Row extends pg.QueryResultRow>(query: pg.QueryConfig) => {
    const timed = { ...query, query_timeout: answerTimeoutMs };
    const answer = last.then(() => client.query<Row>(timed));
    last = answer.catch(() => {});
    return answer;
  };
}
