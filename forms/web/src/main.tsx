import "@mantine/core/styles.css";
import "./app/tokens.css";
import "./app/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router";
import { createApi } from "./api/client";
import { openEventSource } from "./api/events";
import { App } from "./app/App";
import { createQueryClient } from "./app/queryClient";
import { createRouter } from "./app/router";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with the id root");

createRoot(root).render(
  <StrictMode>
    <App doors={{ api: createApi(), openSource: openEventSource }} queries={createQueryClient()}>
      <RouterProvider router={createRouter()} />
    </App>
  </StrictMode>,
);
