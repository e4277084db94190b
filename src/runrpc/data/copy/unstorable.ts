/** Thrown for a value that cannot be carried to Postgres, or not as it is. The message goes on from the name of its column. */
export class Unstorable extends Error {
  override readonly name = "Unstorable";
}
