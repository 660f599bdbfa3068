/** The names of what goes over the wire, taken from the generated schema. Nothing here is written by hand. */
import type { components } from "./schema.gen";

type Schemas = components["schemas"];

export type ActionSummary = Schemas["ActionSummary"];
export type ActionView = Schemas["ActionView"];
export type ApprovalState = Schemas["ApprovalState"];
export type ApprovalSummary = Schemas["ApprovalSummary"];
export type ApprovalView = Schemas["ApprovalView"];
export type AttemptState = Schemas["AttemptState"];
export type AttemptView = Schemas["AttemptView"];
export type ConnectionView = Schemas["ConnectionView"];
export type DecisionView = Schemas["DecisionView"];
export type Difference = Schemas["Difference"];
export type EntitySummary = Schemas["EntitySummary"];
export type EntityView = Schemas["EntityView"];
export type ExternalRunView = Schemas["ExternalRunView"];
export type ExternalStatus = Schemas["ExternalStatus"];
export type Fault = Schemas["Fault"];
export type FormPage = Schemas["FormPage"];
export type FormView = Schemas["FormView"];
export type GateAnswerView = Schemas["GateAnswerView"];
export type GateView = Schemas["GateView"];
export type JobView = Schemas["JobView"];
export type LockView = Schemas["LockView"];
export type LogBatch = Schemas["LogBatch"];
export type LogLine = Schemas["LogLine"];
export type Me = Schemas["Me"];
export type OptionView = Schemas["OptionView"];
export type OptionsView = Schemas["OptionsView"];
export type Permitted = Schemas["Permitted"];
export type Person = Schemas["Person"];
export type PlanView = Schemas["PlanView"];
export type PlannedApproval = Schemas["PlannedApproval"];
export type PlannedLock = Schemas["PlannedLock"];
export type PlannedChange = Schemas["PlannedChange"];
export type PlannedRequest = Schemas["PlannedRequest"];
export type Problem = Schemas["Problem"];
export type RunState = Schemas["RunState"];
export type RunSummary = Schemas["RunSummary"];
export type ExceptionView = Schemas["ExceptionView"];
export type HeldView = Schemas["HeldView"];
export type RunView = Schemas["RunView"];
export type SignInChoice = Schemas["SignInChoice"];
export type StepState = Schemas["StepState"];
export type StepView = Schemas["StepView"];
export type StopView = Schemas["StopView"];
export type TokenCreated = Schemas["TokenCreated"];
export type TokenView = Schemas["TokenView"];
export type Verdict = Schemas["Verdict"];
export type WebhookView = Schemas["WebhookView"];
export type Waits = Schemas["Waits"];

/** Any JSON object: inputs, plans, properties. */
export type JsonObject = Record<string, unknown>;
