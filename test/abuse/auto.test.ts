import { testShortSet } from "./short.ts";

testShortSet("auto");
