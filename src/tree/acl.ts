/**
 * Access control (ZooKeeper 3.9 `ZooKeeperServer.checkACL`, `PrepRequestProcessor.fixupACL` and
 * the authentication providers): who may do what to a node, and which ACLs a client may set.
 * Who a client is, was found out elsewhere; here identities are compared only.
 */
import type { Acl, Id } from "../wire/index.ts";
import { isDistinguishedName } from "./distinguished-name.ts";
import { addressMatches, isAddressRange } from "./ip-address.ts";

/** Schemes that clients may name in ACLs unless configured otherwise, as in ZooKeeper. */
export const defaultAclSchemes: ReadonlySet<string> = new Set(["ip", "digest"]);

/** Schemes whose identities prove something, so that `auth` may stand for them. */
const authenticatedSchemes: ReadonlySet<string> = new Set(["digest", "sasl", "x509"]);

/**
 * Whether one of `ids` has one of the permission bits `perms` in `acl`. An empty ACL allows
 * everything, and so does an identity of the scheme `super`.
 */
export function isAllowed(acl: readonly Acl[], perms: number, ids: readonly Id[]): boolean {
  if (acl.length === 0) return true;
  for (const entry of acl) {
    if ((entry.perms & perms) !== 0 && matchesAny(entry.id, ids)) return true;
  }
  return isSuper(ids);
}

function isSuper(ids: readonly Id[]): boolean {
  for (const { scheme } of ids) if (scheme === "super") return true;
  return false;
}

function matchesAny(wanted: Id, ids: readonly Id[]): boolean {
  const { scheme } = wanted;
  if (scheme === "world") return wanted.id === "anyone";
  for (const id of ids) {
    if (id.scheme === scheme && matches(scheme, id.id, wanted.id)) return true;
  }
  return false;
}

function matches(scheme: string, id: string, wanted: string): boolean {
  if (scheme === "ip") return addressMatches(id, wanted);
  return id === wanted || (scheme === "sasl" && id === "super");
}

/**
 * The ACL to store for one that a client sent: without duplicates, and with `auth` replaced by the
 * client's own identities. Null when it is missing, empty or not acceptable: `invalidAcl`.
 *
 * @param schemes schemes that may be named besides `world` and `auth`.
 */
export function fixAcl(
  acl: readonly Acl[] | null,
  authInfo: readonly Id[],
  schemes: ReadonlySet<string> = defaultAclSchemes,
): Acl[] | null {
  if (acl === null || acl.length === 0) return null;
  const fixed: Acl[] = [];
  for (const [index, entry] of acl.entries()) {
    if (acl.findIndex((other) => isSame(other, entry)) < index) continue;
    const { perms, id } = entry;
    if (id.scheme === "auth") {
      const own = authInfo.filter(
        ({ scheme }) => authenticatedSchemes.has(scheme) && schemes.has(scheme),
      );
      if (own.length === 0) return null;
      fixed.push(...own.map((ownId) => ({ perms, id: ownId })));
    } else if (isAcceptable(id, schemes)) fixed.push(entry);
    else return null;
  }
  return fixed;
}

function isSame(left: Acl, right: Acl): boolean {
  return (
    left.perms === right.perms && left.id.scheme === right.id.scheme && left.id.id === right.id.id
  );
}

function isAcceptable(id: Id, schemes: ReadonlySet<string>): boolean {
  if (id.scheme === "world") return id.id === "anyone";
  if (!schemes.has(id.scheme)) return false;
  switch (id.scheme) {
    case "ip":
      return isAddressRange(id.id);
    case "digest":
      return isDigestId(id.id);
    case "sasl":
      return isPrincipal(id.id);
    case "x509":
      return isDistinguishedName(id.id);
    default:
      return false;
  }
}

/** A name, or a Kerberos principal: `service[/host]@REALM`. */
function isPrincipal(id: string): boolean {
  return !id.includes("@") || /^[^/@]*(\/[^/@]*)?@[^/@]*$/.test(id);
}

/** `user:hash`; colons at the end do not count, as Java's `split` has it. */
function isDigestId(id: string): boolean {
  const end = id.length - (/:+$/.exec(id)?.[0].length ?? 0);
  return end > 0 && id.slice(0, end).split(":").length === 2;
}
