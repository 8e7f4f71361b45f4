/** The head of an answer. */
export interface Answer {
  status: number;
  headers: Headers;
}

/** A `fetch` that keeps the head of the newest answer, for checks of fields that the client does not give. */
export function watchAnswers(): { fetch: typeof fetch; last: () => Answer } {
  let answer: Answer | undefined;
  return {
    fetch: async (...request) => {
      const response = await fetch(...request);
      answer = { status: response.status, headers: response.headers };
      return response;
    },
    last: () => {
      if (!answer) throw new Error("nothing has been asked yet");
      return answer;
    },
  };
}
