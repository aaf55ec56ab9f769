/* What the address of the page says: options behind `?`, the token behind `#`. */

const TOKEN_KEY = 'helix.token';

/* ?player=webcodecs|mse   force one player
 * ?draw=canvas            WebCodecs without a <video>, as in browsers without track generators
 * ?resize=off             leave the size of the desktop alone
 * ?debug                  print to the console */
export function readOptions(search) {
  const query = new URLSearchParams(search);
  return {
    player: query.get('player'),
    draw: query.get('draw'),
    resize: query.get('resize') !== 'off',
    debug: query.has('debug'),
  };
}

/* The token in a URL fragment, or null. */
export function tokenIn(fragment) {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('token') || null;
}

/* The token of this tab. A token in the address bar moves into the tab's storage, so that it is
 * neither bookmarked, nor shared, nor seen over a shoulder; a reload still works. */
export function takeToken() {
  const token = tokenIn(location.hash);
  if (token) {
    sessionStorage.setItem(TOKEN_KEY, token);
    history.replaceState(history.state, '', location.pathname + location.search);
  }
  return token ?? sessionStorage.getItem(TOKEN_KEY);
}

/* The agent said that the token is wrong: a reload must not try it again. */
export function forgetToken() {
  sessionStorage.removeItem(TOKEN_KEY);
}
