import { Trans, useLingui } from "@lingui/react/macro";
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Closing } from "@tillkeeper/sdk";
import { clientOf } from "../../api/client.ts";
import { shownLanguage } from "../../app/language.ts";
import { Icon } from "../../parts/icons.tsx";
import { Problem } from "../../parts/problem.tsx";

const reportRoute = getRouteApi("/$account/stores/$store/reports/$closing");

/** The day on paper, and as a file. The pages to print are the server's own. */
export function ReportLinks({ closing, report }: { closing: Closing; report?: number }) {
  const { t } = useLingui();
  const { account, store } = reportRoute.useParams();
  const language = shownLanguage();
  const number = report === undefined ? {} : { report };
  const address = (width: "a4" | "80mm") => {
    const query = new URLSearchParams({ language, width, ...(report !== undefined && { report: String(report) }) });
    return `/v1/accounts/${account}/stores/${store}/closings/${closing.id}?${query.toString()}`;
  };
  const file = useMutation({
    mutationFn: async () => {
      const text = await clientOf(account).closings.get.as("text/csv", store, closing.id, { language, ...number });
      save(text, `${store}-${closing.business_day}.csv`);
    },
  });
  return (
    <>
      <a className="action" href={address("a4")} target="_blank" rel="noreferrer">
        <Icon name="print" />
        <Trans>A4 page</Trans>
      </a>
      <a className="action" href={address("80mm")} target="_blank" rel="noreferrer">
        <Icon name="print" />
        <Trans>80 mm receipt</Trans>
      </a>
      <Button
        variant="default"
        leftSection={<Icon name="download" />}
        loading={file.isPending}
        onClick={() => file.mutate()}
        aria-label={t`CSV file of ${closing.business_day}`}
      >
        CSV
      </Button>
      {file.error && <Problem error={file.error} />}
    </>
  );
}

/** Has the browser store a text as a file. */
function save(text: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
