/** Where a person shows the access token that Dexter printed. */
export function SignInScreen() {
  return <h1>Sign in</h1>;
}
