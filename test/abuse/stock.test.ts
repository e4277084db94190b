import { testShortSet } from "./short.ts";

testShortSet("stock");
