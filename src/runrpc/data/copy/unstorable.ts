/** Thrown for a value that Postgres cannot hold, or not as it is. The message goes on from the name of its column. */
export class Unstorable extends Error {
  override readonly name = "Unstorable";
}
