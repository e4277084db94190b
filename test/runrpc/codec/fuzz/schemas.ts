import type { DescMessage } from "@bufbuild/protobuf";
import { AllSchema, KnownSchema, OddSchema } from "../gen/kinds/v1/all_pb.ts";
import { EditionsSchema } from "../gen/kinds/v1/delimited_pb.ts";
import { TwoSchema } from "../gen/kinds/v1/two_pb.ts";

/** Every kind of field: proto3, proto2 and edition 2023. */
export const schemas: readonly DescMessage[] = [AllSchema, TwoSchema, EditionsSchema, KnownSchema, OddSchema];
