import { Agent } from "@tillkeeper/agent/agent";
import { uploadLog } from "@tillkeeper/agent/files/log-upload";
import { memoryJournal } from "@tillkeeper/agent/memory/journal";
import type { OperationHandlers } from "@tillkeeper/agent/operations/operation";
import { vi } from "vitest";
import type { Tenant } from "../servers/test-server.ts";
import type { ForDevices } from "./device.ts";

/** Real agents that count how often each operation was carried out. */
export interface CountingAgents {
  terminalIds: string[];
  /** The number of executions, by operation id. */
  carriedOut: Map<string, number>;
  stop(): Promise<void>;
}

/** Registers `count` terminals and starts their agents. Resolves when the server takes operations for all of them. */
export async function startCountingAgents(server: ForDevices, tenant: Tenant, count: number): Promise<CountingAgents> {
  const carriedOut = new Map<string, number>();
  const accounts = `/v1/accounts/${tenant.aid}`;
  await server.call("POST", `${accounts}/stores`, { token: tenant.token, body: { store_id: "S1" } });
  const agents: Agent[] = [];
  const terminalIds: string[] = [];
  for (let number = 0; number < count; number += 1) {
    const body = { device_serial_number: `9${tenant.aid.slice(1)}${String(number).padStart(3, "0")}`, store_id: "S1" };
    const registered = await server.call("POST", `${accounts}/terminals`, { token: tenant.token, body });
    const { terminal_id: terminalId } = registered.body;
    const path = `${accounts}/terminals/${terminalId}/credentials`;
    const { address, password } = (await server.call("POST", path, { token: tenant.token })).body;
    const agent = new Agent({
      agentName: "counting/1",
      credential: { url: server.mqttUrl, address, password },
      journal: memoryJournal(undefined),
      handlers: countingHandlers(carriedOut),
    });
    agent.start();
    agents.push(agent);
    terminalIds.push(terminalId);
  }
  const known = async (terminalId: string) =>
    (await server.call("GET", `${accounts}/terminals/${terminalId}`, { token: tenant.token })).body.status !==
    "PENDING";
  // The server sends operations to a terminal only after its first hello.
  for (const terminalId of terminalIds) await vi.waitUntil(() => known(terminalId));
  return { terminalIds, carriedOut, stop: async () => void (await Promise.all(agents.map((agent) => agent.stop()))) };
}

function countingHandlers(carriedOut: Map<string, number>): OperationHandlers {
  const count = ({ operation_id: id }: { operation_id: string }) => carriedOut.set(id, (carriedOut.get(id) ?? 0) + 1);
  const handler = <R>(result: () => R) => ({
    run: (operation: { operation_id: string }) => {
      count(operation);
      return Promise.resolve({ status: "COMPLETED" as const, result: result() });
    },
  });
  const now = () => new Date().toISOString();
  return {
    open_menu: handler(() => ({ opened: true })),
    send_logs: {
      run: (operation, context) => {
        count(operation);
        return uploadLog(operation, Buffer.from("counted\n"), context);
      },
    },
    check_update: handler(() => ({
      current_version: "1",
      latest_version: "1",
      update_available: false,
      configuration_version: "1",
    })),
    end_of_day: handler(() => ({
      outcome: "accepted" as const,
      batch_id: "1",
      start_of_day_at: now(),
      last_end_of_day_at: now(),
      purchases_count: 0,
      purchases_amount: 0,
      reversals_count: 0,
      reversals_amount: 0,
      sale_amount: 0,
      tip_amount: 0,
      currency: "NOK",
    })),
  };
}
