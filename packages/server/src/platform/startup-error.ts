/**
 * A reason not to start that the operator can act on: one sentence, printed without a stack, exit code 1. Thrown only
 * at start; a running server answers with `ApiError`.
 */
export class StartupError extends Error {
  override readonly name = "StartupError";
  /** Whether it may pass by itself: something that the server needs is away, which it may wait for. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass = false, ...options }: ErrorOptions & { mayPass?: boolean } = {}) {
    super(message, options);
    this.mayPass = mayPass;
  }
}
