/** An address for messages and logs: the query of a signed one is as good as a password, and so is what stands before `@`. */
export function plainAddress(address: string): string {
  if (!/^https?:/.test(address)) return address;
  return address.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//');
}
