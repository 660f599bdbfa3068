import { createBrowserRouter, Navigate, type RouteObject } from "react-router";
import { Loading } from "../parts/Loading";
import { Broken, NotFound } from "./Broken";
import { Shell } from "./Shell";

/** One chunk per screen. The parameter type is what React Router wants of a lazy route. */
const screen = (load: () => Promise<{ default: React.ComponentType }>) => async () => ({
  Component: (await load()).default,
});

export const routes: RouteObject[] = [
  {
    Component: Shell,
    HydrateFallback: Loading,
    ErrorBoundary: Broken,
    children: [
      {
        ErrorBoundary: Broken,
        children: [
          { index: true, element: <Navigate to="/actions" replace /> },
          { path: "actions", lazy: screen(() => import("../pages/action/ActionsPage")) },
          { path: "actions/:name", lazy: screen(() => import("../pages/action/ActionPage")) },
          { path: "entities", lazy: screen(() => import("../pages/entity/EntitiesPage")) },
          { path: "entities/:kind/:name", lazy: screen(() => import("../pages/entity/EntityPage")) },
          { path: "runs", lazy: screen(() => import("../pages/operate/RunsPage")) },
          { path: "runs/:id", lazy: screen(() => import("../pages/run/RunPage")) },
          { path: "approvals", lazy: screen(() => import("../pages/approval/ApprovalsPage")) },
          { path: "approvals/:id", lazy: screen(() => import("../pages/approval/ApprovalPage")) },
          { path: "tasks/:id", lazy: screen(() => import("../pages/task/TaskPage")) },
          { path: "operate", lazy: screen(() => import("../pages/operate/OperatePage")) },
          { path: "locks", lazy: screen(() => import("../pages/locks/LocksPage")) },
          { path: "lock", lazy: screen(() => import("../pages/locks/LockPage")) },
          { path: "freezes", lazy: screen(() => import("../pages/freezes/FreezesPage")) },
          { path: "freezes/new", lazy: screen(() => import("../pages/freezes/FreezeForm")) },
          { path: "freezes/:id", lazy: screen(() => import("../pages/freezes/FreezePage")) },
          { path: "freezes/:id/change", lazy: screen(() => import("../pages/freezes/FreezeForm")) },
          { path: "schedules", lazy: screen(() => import("../pages/schedules/SchedulesPage")) },
          { path: "schedules/new", lazy: screen(() => import("../pages/schedules/ScheduleForm")) },
          { path: "schedules/:id", lazy: screen(() => import("../pages/schedules/SchedulePage")) },
          { path: "schedules/:id/change", lazy: screen(() => import("../pages/schedules/ScheduleForm")) },
          { path: "triggers", lazy: screen(() => import("../pages/triggers/TriggersPage")) },
          { path: "triggers/:id", lazy: screen(() => import("../pages/triggers/TriggerPage")) },
          { path: "events", lazy: screen(() => import("../pages/triggers/EventsPage")) },
          { path: "events/:id", lazy: screen(() => import("../pages/triggers/EventPage")) },
          { path: "webhooks", lazy: screen(() => import("../pages/webhooks/WebhooksPage")) },
          { path: "audit", lazy: screen(() => import("../pages/audit/AuditPage")) },
          { path: "people", lazy: screen(() => import("../pages/people/PeoplePage")) },
          { path: "more", lazy: screen(() => import("./MorePage")) },
          { path: "connections", lazy: screen(() => import("../pages/ConnectionsPage")) },
          { path: "channels", lazy: screen(() => import("../pages/ChannelsPage")) },
          { path: "kinds", lazy: screen(() => import("../pages/entity/KindsPage")) },
          { path: "tokens", lazy: screen(() => import("../pages/tokens/TokensPage")) },
          { path: "*", Component: NotFound },
        ],
      },
    ],
  },
];

export const createRouter = () => createBrowserRouter(routes);
