const names = [
  ...['HF_TOKEN', 'HF_TOKEN_PATH', 'HF_HOME', 'HF_ENDPOINT', 'XDG_CACHE_HOME'],
  ...['GOOGLE_OAUTH_ACCESS_TOKEN', 'GOOGLE_APPLICATION_CREDENTIALS', 'STORAGE_EMULATOR_HOST', 'BOTO_CONFIG'],
  ...['RSYNC_RSH', 'RSYNC_PASSWORD', 'RSYNC_PROXY', 'SSH_AUTH_SOCK', 'GIT_SSH_COMMAND'],
  ...['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'CURL_CA_BUNDLE', 'REQUESTS_CA_BUNDLE', 'GIT_SSL_CAINFO'],
];
/** All settings of the `aws` and `gcloud` programs, and of git by environment. */
const prefixes = ['AWS_', 'CLOUDSDK_', 'GIT_CONFIG_'];

/**
 * Names of variables that say how the network is reached and who one is there, as far as they are set: where endpoints and
 * proxies are, tokens, certificates. Jobs get them unlogged; none counts, because what is fetched is pinned by its content.
 */
export function networkVariables(env: Readonly<Record<string, string | undefined>> = process.env): string[] {
  const isNetworkVariable = (name: string): boolean =>
    names.includes(name) || prefixes.some((prefix) => name.startsWith(prefix));
  return Object.keys(env)
    .filter((name) => env[name] !== undefined && isNetworkVariable(name))
    .sort();
}
