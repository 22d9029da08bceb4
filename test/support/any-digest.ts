/** The digest of an artifact whose content plays no part in a test. */
export const anyDigest = `sha256:${'0'.repeat(64)}` as const;
