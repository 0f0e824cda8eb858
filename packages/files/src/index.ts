/** Files of relays on their way from one host to another: served and read in sealed parts. */

export { FileReader, type FileReaderOptions, type FileSource, type FileWanted } from "./read.ts";
export { type FileServer, type FileServerOptions, startFileServer } from "./serve.ts";
