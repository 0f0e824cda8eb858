// expect: Unlisted dependencies
export { Redis } from "ioredis";
