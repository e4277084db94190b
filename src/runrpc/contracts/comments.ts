import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescOneof,
  DescService,
} from "@bufbuild/protobuf";

/** What is described, and may have a comment above it. */
type Commented = DescService | DescMethod | DescMessage | DescField | DescOneof | DescEnum | DescEnumValue;

/**
 * The lines of the comment above a declaration; none where its file came without, as files do that travel by reflection.
 * The numbers are those of descriptor.proto: https://protobuf.com/docs/descriptors#source-code-info
 */
export function commentOf(desc: Commented): readonly string[] {
  const { file, path } = placeOf(desc);
  const wanted = path.join();
  const location = file.proto.sourceCodeInfo?.location.find(({ path }) => path.join() === wanted);
  const text = location?.leadingComments.trimEnd() ?? "";
  return text === "" ? [] : text.split("\n").map((line) => line.replace(/^ /, ""));
}

interface Place {
  readonly file: DescFile;
  readonly path: readonly number[];
}

function placeOf(desc: Commented): Place {
  switch (desc.kind) {
    case "service":
      return { file: desc.file, path: [6, desc.file.proto.service.indexOf(desc.proto)] };
    case "rpc":
      return within(placeOf(desc.parent), 2, desc.parent.proto.method.indexOf(desc.proto));
    case "message":
      return desc.parent === undefined
        ? { file: desc.file, path: [4, desc.file.proto.messageType.indexOf(desc.proto)] }
        : within(placeOf(desc.parent), 3, desc.parent.proto.nestedType.indexOf(desc.proto));
    case "enum":
      return desc.parent === undefined
        ? { file: desc.file, path: [5, desc.file.proto.enumType.indexOf(desc.proto)] }
        : within(placeOf(desc.parent), 4, desc.parent.proto.enumType.indexOf(desc.proto));
    case "field":
      return within(placeOf(desc.parent), 2, desc.parent.proto.field.indexOf(desc.proto));
    case "oneof":
      return within(placeOf(desc.parent), 8, desc.parent.proto.oneofDecl.indexOf(desc.proto));
    case "enum_value":
      return within(placeOf(desc.parent), 2, desc.parent.proto.value.indexOf(desc.proto));
  }
}

function within({ file, path }: Place, ...more: readonly number[]): Place {
  return { file, path: [...path, ...more] };
}
