/** Where a member is to be asked: by its address, so that it is found without a name service. */
export interface MemberAddress {
  readonly host: string;
  readonly adminPort: number;
  readonly clientPort: number;
}

/** An address as it is written before a port. */
export function hostInUrl(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
