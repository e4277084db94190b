// The same eight bytes as numbers of every kind: how a float or a 64-bit integer is put together and taken apart without
// an object for each. One for the process, because nobody holds them across a call of another function of this room.

export const F64: Float64Array = new Float64Array(1);
export const F32: Float32Array = new Float32Array(F64.buffer, 0, 1);
export const I32: Int32Array = new Int32Array(F64.buffer);
export const U32: Uint32Array = new Uint32Array(F64.buffer);
export const I64: BigInt64Array = new BigInt64Array(F64.buffer);
export const U64: BigUint64Array = new BigUint64Array(F64.buffer);
