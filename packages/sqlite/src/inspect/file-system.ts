import { readFileSync, statfsSync, statSync } from "node:fs";

/** Properties of the file system of a folder. */
export interface FileSystem {
  /** Type as the system names it; null where it does not report it. */
  readonly name: string | null;
  /** True = another machine decides on its locks, or shares them. */
  readonly network: boolean;
  /** True = the kernel generates its content, as in /proc, so that it can hold no database. */
  readonly ofKernel: boolean;
  /** Free bytes for this user. */
  readonly freeBytes: number;
}

/** `f_type` of statfs(2). */
const NETWORK_TYPES: Readonly<Record<number, string>> = {
  26985: "nfs",
  20859: "smb",
  4283649346: "cifs",
  4266872130: "smb2",
  1397113167: "afs",
  12805120: "ceph",
  198183888: "lustre",
  1196443219: "gpfs",
};
/** The kernel's own file systems, by `f_type` (linux/magic.h). */
const KERNEL_TYPES: Readonly<Record<number, string>> = {
  40864: "proc",
  1650812274: "sysfs",
  1667723888: "cgroup2",
  1684170528: "debugfs",
  1953653091: "tracefs",
};
const FUSE_TYPE = 0x65735546;
/** FUSE can be local (ntfs-3g, mergerfs, virtiofs): the name after "fuse." decides. */
const NETWORK_FUSE = [
  "sshfs",
  "rclone",
  "s3fs",
  "goofys",
  "gcsfuse",
  "glusterfs",
  "ceph-fuse",
  "davfs",
  "curlftpfs",
  "smbnetfs",
  "juicefs",
];

/**
 * Inspects the file system of an existing folder. Recognises network file systems on Linux only;
 * elsewhere `network` is false and `name` null.
 */
export function fileSystemOf(folder: string): FileSystem {
  const { type, bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  if (process.platform !== "linux")
    return { name: null, network: false, ofKernel: false, freeBytes };
  return { ...classifyFileSystem(type, () => mountType(folder)), freeBytes };
}

/**
 * `type` is `f_type` of statfs(2); `fuseName` names the FUSE program that serves it ("fuse.sshfs").
 */
export function classifyFileSystem(
  type: number,
  fuseName: () => string | null,
): Omit<FileSystem, "freeBytes"> {
  const unsigned = type >>> 0;
  const known = NETWORK_TYPES[unsigned];
  if (known) return { name: known, network: true, ofKernel: false };
  const kernel = KERNEL_TYPES[unsigned];
  if (kernel) return { name: kernel, network: false, ofKernel: true };
  if (unsigned !== FUSE_TYPE)
    return { name: `0x${unsigned.toString(16)}`, network: false, ofKernel: false };
  const name = fuseName() ?? "fuse";
  return { name, network: NETWORK_FUSE.includes(name.replace(/^fuse\./, "")), ofKernel: false };
}

/** File system type in proc_pid_mountinfo(5) for the folder's device. */
function mountType(folder: string): string | null {
  const device = statSync(folder).dev;
  const [major, minor] = [(device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00)];
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const line = lines.find((each) => each.split(" ")[2] === `${major}:${minor}`);
  return line?.split(" - ")[1]?.split(" ")[0] ?? null;
}
