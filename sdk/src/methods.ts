/** This file was generated from the contract by npm run generate. Do not change it. */
import type { CallOptions, ChangeOptions, ConditionOptions, Listing, QueryOf, Schema, WriteOptions } from './calls.js';

export type UserId = Schema<'UserId'>;
export type TaskStatus = Schema<'TaskStatus'>;
export type TaskPriority = Schema<'TaskPriority'>;
export type Id = Schema<'Id'>;
export type IdEnding = Schema<'IdEnding'>;
export type TagName = Schema<'TagName'>;
export type TagNames = Schema<'TagNames'>;
export type TaskView = Schema<'TaskView'>;
export type TimeZone = Schema<'TimeZone'>;
export type CalendarDate = Schema<'CalendarDate'>;
export type Timestamp = Schema<'Timestamp'>;
export type TaskTraits = Schema<'TaskTraits'>;
export type TaskSort = Schema<'TaskSort'>;
export type NullableId = Schema<'NullableId'>;
export type TaskTitle = Schema<'TaskTitle'>;
export type TaskDescription = Schema<'TaskDescription'>;
export type NullableDate = Schema<'NullableDate'>;
export type NullableTimeOfDay = Schema<'NullableTimeOfDay'>;
export type NullableTimeZone = Schema<'NullableTimeZone'>;
export type StartDate = Schema<'StartDate'>;
export type StartTime = Schema<'StartTime'>;
export type NullableRrule = Schema<'NullableRrule'>;
export type RepeatFrom = Schema<'RepeatFrom'>;
export type ExcludedDate = Schema<'ExcludedDate'>;
export type ExcludedDates = Schema<'ExcludedDates'>;
export interface Reminder extends Schema<'Reminder'> {}
export type Position = Schema<'Position'>;
export type LinkUrl = Schema<'LinkUrl'>;
export type LinkTitle = Schema<'LinkTitle'>;
export interface TaskLink extends Schema<'TaskLink'> {}
export interface Task extends Schema<'Task'> {}
export interface SubtaskCounts extends Schema<'SubtaskCounts'> {}
export type TextRanges = Schema<'TextRanges'>;
export interface Highlights extends Schema<'Highlights'> {}
export interface SearchMode extends Schema<'SearchMode'> {}
export interface TaskPage extends Schema<'TaskPage'> {}
export type MalformedRequestProblem = Schema<'MalformedRequestProblem'>;
export type MalformedUrlProblem = Schema<'MalformedUrlProblem'>;
export type MalformedHeaderProblem = Schema<'MalformedHeaderProblem'>;
export type MalformedBodyProblem = Schema<'MalformedBodyProblem'>;
export type BadRequestProblem = Schema<'BadRequestProblem'>;
export type UnauthorizedProblem = Schema<'UnauthorizedProblem'>;
export type ForbiddenProblem = Schema<'ForbiddenProblem'>;
export type InsufficientScopeProblem = Schema<'InsufficientScopeProblem'>;
export type WrongOriginProblem = Schema<'WrongOriginProblem'>;
export type ClientCutOffProblem = Schema<'ClientCutOffProblem'>;
export type UserRequiredProblem = Schema<'UserRequiredProblem'>;
export type AccessDeniedProblem = Schema<'AccessDeniedProblem'>;
export type MethodNotAllowedProblem = Schema<'MethodNotAllowedProblem'>;
export type RequestTimeoutProblem = Schema<'RequestTimeoutProblem'>;
export interface ValidationError extends Schema<'ValidationError'> {}
export type ValidationFailedProblem = Schema<'ValidationFailedProblem'>;
export type RateLimitedProblem = Schema<'RateLimitedProblem'>;
export type HeadersTooLargeProblem = Schema<'HeadersTooLargeProblem'>;
export type InternalErrorProblem = Schema<'InternalErrorProblem'>;
export type ServiceUnavailableProblem = Schema<'ServiceUnavailableProblem'>;
export type ServerErrorProblem = Schema<'ServerErrorProblem'>;
export type CompletedAt = Schema<'CompletedAt'>;
export type CompletedInput = Schema<'CompletedInput'>;
export type NullableTimestamp = Schema<'NullableTimestamp'>;
export interface ReminderInput extends Schema<'ReminderInput'> {}
export interface TaskLinkInput extends Schema<'TaskLinkInput'> {}
export interface TaskCreate extends Schema<'TaskCreate'> {}
export interface EntityWithId extends Schema<'EntityWithId'> {}
export type IdTakenProblem = Schema<'IdTakenProblem'>;
export type QuotaExceededProblem = Schema<'QuotaExceededProblem'>;
export type RequestInFlightProblem = Schema<'RequestInFlightProblem'>;
export type ReplyNotKeptProblem = Schema<'ReplyNotKeptProblem'>;
export type CreateConflictProblem = Schema<'CreateConflictProblem'>;
export type ContentTooLargeProblem = Schema<'ContentTooLargeProblem'>;
export type UnsupportedMediaTypeProblem = Schema<'UnsupportedMediaTypeProblem'>;
export type IdempotencyKeyReusedProblem = Schema<'IdempotencyKeyReusedProblem'>;
export type UnprocessableProblem = Schema<'UnprocessableProblem'>;
export type QuickText = Schema<'QuickText'>;
export type QuickLanguage = Schema<'QuickLanguage'>;
export interface QuickTask extends Schema<'QuickTask'> {}
export interface QuickTaskFields extends Schema<'QuickTaskFields'> {}
export type QuickKind = Schema<'QuickKind'>;
export interface QuickPiece extends Schema<'QuickPiece'> {}
export type QuickReason = Schema<'QuickReason'>;
export interface QuickLeft extends Schema<'QuickLeft'> {}
export interface QuickTaskResult extends Schema<'QuickTaskResult'> {}
export type QuotaConflictProblem = Schema<'QuotaConflictProblem'>;
export type TaskNotFoundProblem = Schema<'TaskNotFoundProblem'>;
export type Version = Schema<'Version'>;
export interface TaskPatch extends Schema<'TaskPatch'> {}
export type PreconditionFailedProblem = Schema<'PreconditionFailedProblem'>;
export type TaskPreconditionFailedProblem = Schema<'TaskPreconditionFailedProblem'>;
export type PreconditionRequiredProblem = Schema<'PreconditionRequiredProblem'>;
export type TimeOfDay = Schema<'TimeOfDay'>;
export interface TaskCompletion extends Schema<'TaskCompletion'> {}
export type CompletionChangedProblem = Schema<'CompletionChangedProblem'>;
export type CompletionConflictProblem = Schema<'CompletionConflictProblem'>;
export interface TaskDuplication extends Schema<'TaskDuplication'> {}
export interface OccurrenceSkip extends Schema<'OccurrenceSkip'> {}
export type NotRecurringProblem = Schema<'NotRecurringProblem'>;
export type SkipConflictProblem = Schema<'SkipConflictProblem'>;
export interface Occurrence extends Schema<'Occurrence'> {}
export interface OccurrenceList extends Schema<'OccurrenceList'> {}
export interface Completion extends Schema<'Completion'> {}
export interface CompletionPage extends Schema<'CompletionPage'> {}
export interface TaskMove extends Schema<'TaskMove'> {}
export interface TrashItem extends Schema<'TrashItem'> {}
export interface TrashPage extends Schema<'TrashPage'> {}
export type ProjectName = Schema<'ProjectName'>;
export type Color = Schema<'Color'>;
export interface Project extends Schema<'Project'> {}
export interface TaskTally extends Schema<'TaskTally'> {}
export interface ProjectPage extends Schema<'ProjectPage'> {}
export interface ProjectCreate extends Schema<'ProjectCreate'> {}
export type ProjectNotFoundProblem = Schema<'ProjectNotFoundProblem'>;
export type ProjectPreconditionFailedProblem = Schema<'ProjectPreconditionFailedProblem'>;
export interface ProjectPatch extends Schema<'ProjectPatch'> {}
export interface ProjectMove extends Schema<'ProjectMove'> {}
export interface DeletedProject extends Schema<'DeletedProject'> {}
export interface DeletedProjectPage extends Schema<'DeletedProjectPage'> {}
export interface Tag extends Schema<'Tag'> {}
export interface TagTally extends Schema<'TagTally'> {}
export interface TagPage extends Schema<'TagPage'> {}
export type TagNotFoundProblem = Schema<'TagNotFoundProblem'>;
export type TagPreconditionFailedProblem = Schema<'TagPreconditionFailedProblem'>;
export interface TagPatch extends Schema<'TagPatch'> {}
export type BatchRef = Schema<'BatchRef'>;
export type NullableIdOrReference = Schema<'NullableIdOrReference'>;
export interface BatchTaskCreate extends Schema<'BatchTaskCreate'> {}
export interface BatchCreateTask extends Schema<'BatchCreateTask'> {}
export type IdOrReference = Schema<'IdOrReference'>;
export interface BatchTaskPatch extends Schema<'BatchTaskPatch'> {}
export interface BatchUpdateTask extends Schema<'BatchUpdateTask'> {}
export interface BatchCompleteTask extends Schema<'BatchCompleteTask'> {}
export interface BatchSkipOccurrence extends Schema<'BatchSkipOccurrence'> {}
export interface BatchDuplicateTask extends Schema<'BatchDuplicateTask'> {}
export interface BatchTaskMove extends Schema<'BatchTaskMove'> {}
export interface BatchMoveTask extends Schema<'BatchMoveTask'> {}
export interface BatchDeleteTask extends Schema<'BatchDeleteTask'> {}
export interface BatchRestoreTask extends Schema<'BatchRestoreTask'> {}
export interface BatchCreateProject extends Schema<'BatchCreateProject'> {}
export interface BatchUpdateProject extends Schema<'BatchUpdateProject'> {}
export interface BatchDeleteProject extends Schema<'BatchDeleteProject'> {}
export interface BatchRestoreProject extends Schema<'BatchRestoreProject'> {}
export interface BatchUpdateTag extends Schema<'BatchUpdateTag'> {}
export interface BatchDeleteTag extends Schema<'BatchDeleteTag'> {}
export type BatchOperation = Schema<'BatchOperation'>;
export interface Batch extends Schema<'Batch'> {}
export type NotAppliedProblem = Schema<'NotAppliedProblem'>;
export type BatchProblem = Schema<'BatchProblem'>;
export interface BatchTaskResult extends Schema<'BatchTaskResult'> {}
export interface BatchProjectResult extends Schema<'BatchProjectResult'> {}
export interface BatchTagResult extends Schema<'BatchTagResult'> {}
export type BatchResult = Schema<'BatchResult'>;
export type BatchResults = Schema<'BatchResults'>;
export interface BatchOutcome extends Schema<'BatchOutcome'> {}
export type BatchFailedProblem = Schema<'BatchFailedProblem'>;
export type BatchUnprocessableProblem = Schema<'BatchUnprocessableProblem'>;
export type OAuthClientId = Schema<'OAuthClientId'>;
export interface UndoLast extends Schema<'UndoLast'> {}
export interface Undo extends Schema<'Undo'> {}
export type ChangeType = Schema<'ChangeType'>;
export type UndoAction = Schema<'UndoAction'>;
export interface LeftChange extends Schema<'LeftChange'> {}
export interface UndoneEntity extends Schema<'UndoneEntity'> {}
export interface UndoReport extends Schema<'UndoReport'> {}
export type TokenScope = Schema<'TokenScope'>;
export interface ClientEntry extends Schema<'ClientEntry'> {}
export interface ClientPage extends Schema<'ClientPage'> {}
export type ClientNotFoundProblem = Schema<'ClientNotFoundProblem'>;
export interface TasksByStatus extends Schema<'TasksByStatus'> {}
export interface TasksByPriority extends Schema<'TasksByPriority'> {}
export interface ProjectTally extends Schema<'ProjectTally'> {}
export interface DayTally extends Schema<'DayTally'> {}
export interface CompletionStats extends Schema<'CompletionStats'> {}
export interface Streaks extends Schema<'Streaks'> {}
export interface Stats extends Schema<'Stats'> {}
export type WeekStart = Schema<'WeekStart'>;
export interface Profile extends Schema<'Profile'> {}
export interface ProfilePatch extends Schema<'ProfilePatch'> {}
export type ProfilePreconditionFailedProblem = Schema<'ProfilePreconditionFailedProblem'>;
export type SyncSeq = Schema<'SyncSeq'>;
export interface SyncedProfile extends Schema<'SyncedProfile'> {}
export interface SyncedProject extends Schema<'SyncedProject'> {}
export interface SyncedTag extends Schema<'SyncedTag'> {}
export interface SyncedTask extends Schema<'SyncedTask'> {}
export interface SyncedCompletion extends Schema<'SyncedCompletion'> {}
export type SyncTokenExpiredProblem = Schema<'SyncTokenExpiredProblem'>;
export type EventId = Schema<'EventId'>;
export type ChangeAction = Schema<'ChangeAction'>;
export interface FieldChange extends Schema<'FieldChange'> {}
export type ActorType = Schema<'ActorType'>;
export interface Actor extends Schema<'Actor'> {}
export interface Change extends Schema<'Change'> {}
export interface ChangeEvent extends Schema<'ChangeEvent'> {}
export interface ResetEventData extends Schema<'ResetEventData'> {}
export interface ResetEvent extends Schema<'ResetEvent'> {}
export interface ReconnectEventData extends Schema<'ReconnectEventData'> {}
export interface ReconnectEvent extends Schema<'ReconnectEvent'> {}
export type ErasedEventData = Schema<'ErasedEventData'>;
export interface ErasedEvent extends Schema<'ErasedEvent'> {}
export type LaneEvent = Schema<'LaneEvent'>;
export type TooManyStreamsProblem = Schema<'TooManyStreamsProblem'>;
export type StreamLimitProblem = Schema<'StreamLimitProblem'>;
export interface ActivityPage extends Schema<'ActivityPage'> {}
export type WebhookUrl = Schema<'WebhookUrl'>;
export type WebhookDescription = Schema<'WebhookDescription'>;
export type EventFilter = Schema<'EventFilter'>;
export type WebhookEvents = Schema<'WebhookEvents'>;
export type WebhookDisabledReason = Schema<'WebhookDisabledReason'>;
export interface Webhook extends Schema<'Webhook'> {}
export interface WebhookList extends Schema<'WebhookList'> {}
export interface WebhookCreate extends Schema<'WebhookCreate'> {}
export type WebhookWithSecret = Schema<'WebhookWithSecret'>;
export type WebhookNotFoundProblem = Schema<'WebhookNotFoundProblem'>;
export type WebhookPreconditionFailedProblem = Schema<'WebhookPreconditionFailedProblem'>;
export interface WebhookPatch extends Schema<'WebhookPatch'> {}
export type WebhookDeliveryState = Schema<'WebhookDeliveryState'>;
export type WebhookAttemptError = Schema<'WebhookAttemptError'>;
export interface WebhookAttempt extends Schema<'WebhookAttempt'> {}
export interface WebhookDelivery extends Schema<'WebhookDelivery'> {}
export type WebhookDisabledProblem = Schema<'WebhookDisabledProblem'>;
export type WebhookConflictProblem = Schema<'WebhookConflictProblem'>;
export interface WebhookReplay extends Schema<'WebhookReplay'> {}
export interface WebhookReplayed extends Schema<'WebhookReplayed'> {}
export interface WebhookDeliveryPage extends Schema<'WebhookDeliveryPage'> {}
export type DeliveryNotFoundProblem = Schema<'DeliveryNotFoundProblem'>;
export type DeliveryLookupProblem = Schema<'DeliveryLookupProblem'>;
export interface TrashedProject extends Schema<'TrashedProject'> {}
export interface TrashedTask extends Schema<'TrashedTask'> {}
export interface ReopenedSubtask extends Schema<'ReopenedSubtask'> {}
export interface ExportedCompletion extends Schema<'ExportedCompletion'> {}
export interface PurgedCompletion extends Schema<'PurgedCompletion'> {}
export interface LaneExport extends Schema<'LaneExport'> {}
export interface LaneImport extends Schema<'LaneImport'> {}
export interface ImportWarning extends Schema<'ImportWarning'> {}
export interface ImportRow extends Schema<'ImportRow'> {}
export interface ImportReport extends Schema<'ImportReport'> {}
export type ImportInterruptedProblem = Schema<'ImportInterruptedProblem'>;
export type ImportConflictProblem = Schema<'ImportConflictProblem'>;
export interface TaskImport extends Schema<'TaskImport'> {}
export interface CalendarFeed extends Schema<'CalendarFeed'> {}
export interface CreatedCalendarFeed extends Schema<'CreatedCalendarFeed'> {}
export type NotFoundProblem = Schema<'NotFoundProblem'>;
export interface Liveness extends Schema<'Liveness'> {}
export interface Startup extends Schema<'Startup'> {}
export interface UnreadinessReason extends Schema<'UnreadinessReason'> {}
export type NotReadyProblem = Schema<'NotReadyProblem'>;
export interface ReadinessWarning extends Schema<'ReadinessWarning'> {}
export interface Readiness extends Schema<'Readiness'> {}
export interface OpenApiDocument extends Schema<'OpenApiDocument'> {}
export interface ProtectedResource extends Schema<'ProtectedResource'> {}
export interface Message extends Schema<'Message'> {}
export interface MessageData extends Schema<'MessageData'> {}
export type TaskMessageData = Schema<'TaskMessageData'>;
export type TaskMessage = Schema<'TaskMessage'>;
export type ProfileMessageData = Schema<'ProfileMessageData'>;
export type ProfileMessage = Schema<'ProfileMessage'>;
export type ProjectMessageData = Schema<'ProjectMessageData'>;
export type ProjectMessage = Schema<'ProjectMessage'>;
export type TagMessageData = Schema<'TagMessageData'>;
export type TagMessage = Schema<'TagMessage'>;
export type CompletionMessageData = Schema<'CompletionMessageData'>;
export type CompletionMessage = Schema<'CompletionMessage'>;
export type ChangeMessage = Schema<'ChangeMessage'>;
export interface TestMessageData extends Schema<'TestMessageData'> {}
export type TestMessage = Schema<'TestMessage'>;

export interface ListTasksQuery extends QueryOf<'listTasks'> {}
export interface ListOccurrencesQuery extends QueryOf<'listOccurrences'> {}
export interface ListCompletionsQuery extends QueryOf<'listCompletions'> {}
export interface ListTrashQuery extends QueryOf<'listTrash'> {}
export interface ListProjectsQuery extends QueryOf<'listProjects'> {}
export interface DeleteProjectQuery extends QueryOf<'deleteProject'> {}
export interface ListDeletedProjectsQuery extends QueryOf<'listDeletedProjects'> {}
export interface ListTagsQuery extends QueryOf<'listTags'> {}
export interface ListClientsQuery extends QueryOf<'listClients'> {}
export interface GetStatsQuery extends QueryOf<'getStats'> {}
export interface EraseLaneQuery extends QueryOf<'eraseLane'> {}
export interface ListActivityQuery extends QueryOf<'listActivity'> {}
export interface ListWebhookDeliveriesQuery extends QueryOf<'listWebhookDeliveries'> {}
export interface ImportLaneQuery extends QueryOf<'importLane'> {}
export interface ImportCsvQuery extends QueryOf<'importCsv'> {}
export interface ImportCalendarQuery extends QueryOf<'importCalendar'> {}

export interface TasksMethods {
  /** List tasks. */
  list(query?: ListTasksQuery, options?: CallOptions): Listing<TaskPage>;
  /** Create a task. */
  create(body: TaskCreate, options?: WriteOptions): Promise<Task>;
  /** Create a task from a sentence. */
  quick(body: QuickTask, options?: WriteOptions): Promise<QuickTaskResult>;
  /** Get a task. */
  get(taskId: string, options?: CallOptions): Promise<Task>;
  /** Change a task with PUT. */
  put(taskId: string, body: TaskPatch, options?: ChangeOptions): Promise<Task>;
  /** Change a task. */
  update(taskId: string, body: TaskPatch, options?: ChangeOptions): Promise<Task>;
  /** Delete a task. */
  delete(taskId: string, options?: ConditionOptions): Promise<void>;
  /** Complete or reopen a task. */
  complete(taskId: string, body?: Omit<TaskCompletion, 'completed'>, options?: ChangeOptions): Promise<Task>;
  /** Complete or reopen a task. */
  reopen(taskId: string, body?: Omit<TaskCompletion, 'completed'>, options?: ChangeOptions): Promise<Task>;
  /** Duplicate a task. */
  duplicate(taskId: string, body?: TaskDuplication, options?: WriteOptions): Promise<Task>;
  /** Skip an occurrence. */
  skip(taskId: string, body?: OccurrenceSkip, options?: ChangeOptions): Promise<Task>;
  /** Preview occurrences. */
  occurrences(taskId: string, query?: ListOccurrencesQuery, options?: CallOptions): Promise<OccurrenceList>;
  /** List completions. */
  completions(query?: ListCompletionsQuery, options?: CallOptions): Listing<CompletionPage>;
  /** Move a task. */
  move(taskId: string, body: TaskMove, options?: ChangeOptions): Promise<Task>;
  /** Restore a task. */
  restore(taskId: string, options?: ChangeOptions): Promise<Task>;
}

export interface TrashMethods {
  /** List deleted tasks. */
  list(query?: ListTrashQuery, options?: CallOptions): Listing<TrashPage>;
  /** Empty the trash. */
  empty(options?: CallOptions): Promise<void>;
  /** Get a deleted task. */
  get(taskId: string, options?: CallOptions): Promise<Task>;
  /** Purge a task. */
  purge(taskId: string, options?: ConditionOptions): Promise<void>;
  /** List deleted projects. */
  listProjects(query?: ListDeletedProjectsQuery, options?: CallOptions): Listing<DeletedProjectPage>;
  /** Get a deleted project. */
  getProject(projectId: string, options?: CallOptions): Promise<Project>;
}

export interface ProjectsMethods {
  /** List projects. */
  list(query?: ListProjectsQuery, options?: CallOptions): Listing<ProjectPage>;
  /** Create a project. */
  create(body: ProjectCreate, options?: WriteOptions): Promise<Project>;
  /** Get a project. */
  get(projectId: string, options?: CallOptions): Promise<Project>;
  /** Change a project. */
  update(projectId: string, body: ProjectPatch, options?: ChangeOptions): Promise<Project>;
  /** Delete a project. */
  delete(projectId: string, query: DeleteProjectQuery, options?: ConditionOptions): Promise<void>;
  /** Move a project. */
  move(projectId: string, body: ProjectMove, options?: ChangeOptions): Promise<Project>;
  /** Restore a project. */
  restore(projectId: string, options?: ChangeOptions): Promise<Project>;
}

export interface TagsMethods {
  /** List tags. */
  list(query?: ListTagsQuery, options?: CallOptions): Listing<TagPage>;
  /** Get a tag. */
  get(tagId: string, options?: CallOptions): Promise<Tag>;
  /** Change a tag. */
  update(tagId: string, body: TagPatch, options?: ChangeOptions): Promise<Tag>;
  /** Delete a tag. */
  delete(tagId: string, options?: ConditionOptions): Promise<void>;
}

export interface ClientsMethods {
  /** List clients. */
  list(query?: ListClientsQuery, options?: CallOptions): Listing<ClientPage>;
  /** Cut off a client. */
  cutOff(entryId: string, options?: CallOptions): Promise<ClientEntry>;
  /** Readmit a client. */
  readmit(entryId: string, options?: CallOptions): Promise<ClientEntry>;
}

export interface ProfileMethods {
  /** Get the profile. */
  get(options?: CallOptions): Promise<Profile>;
  /** Change the profile. */
  update(body: ProfilePatch, options?: ChangeOptions): Promise<Profile>;
}

export interface WebhooksMethods {
  /** List webhooks. */
  list(options?: CallOptions): Promise<WebhookList>;
  /** Create a webhook. */
  create(body: WebhookCreate, options?: WriteOptions): Promise<WebhookWithSecret>;
  /** Get a webhook. */
  get(webhookId: string, options?: CallOptions): Promise<Webhook>;
  /** Change a webhook. */
  update(webhookId: string, body: WebhookPatch, options?: ChangeOptions): Promise<Webhook>;
  /** Delete a webhook. */
  delete(webhookId: string, options?: ConditionOptions): Promise<void>;
  /** Rotate a webhook's secret. */
  rotateSecret(webhookId: string, options?: ChangeOptions): Promise<WebhookWithSecret>;
  /** Send a test event. */
  test(webhookId: string, options?: WriteOptions): Promise<WebhookDelivery>;
  /** Send events again. */
  replay(webhookId: string, body: WebhookReplay, options?: WriteOptions): Promise<WebhookReplayed>;
  /** List deliveries. */
  listDeliveries(webhookId: string, query?: ListWebhookDeliveriesQuery, options?: CallOptions): Listing<WebhookDeliveryPage>;
  /** Get a delivery. */
  getDelivery(webhookId: string, deliveryId: string, options?: CallOptions): Promise<WebhookDelivery>;
  /** Send a delivery again. */
  redeliver(webhookId: string, deliveryId: string, options?: WriteOptions): Promise<WebhookDelivery>;
}

export interface TransferMethods {
  /** Export all data. */
  export(options?: CallOptions): Promise<Response>;
  /** Export tasks as CSV. */
  exportCsv(options?: CallOptions): Promise<Response>;
  /** Export tasks as iCalendar. */
  exportCalendar(options?: CallOptions): Promise<Response>;
  /** Import a JSON export. */
  import(body: LaneImport | object, query?: ImportLaneQuery, options?: CallOptions): Promise<ImportReport>;
  /** Import tasks from CSV. */
  importCsv(body: string | Blob, query?: ImportCsvQuery, options?: CallOptions): Promise<ImportReport>;
  /** Import tasks from iCalendar. */
  importCalendar(body: string | Blob, query?: ImportCalendarQuery, options?: CallOptions): Promise<ImportReport>;
}

export interface CalendarFeedMethods {
  /** Get the calendar feed. */
  get(options?: CallOptions): Promise<CalendarFeed>;
  /** Create or replace the calendar feed. */
  create(options?: WriteOptions): Promise<CreatedCalendarFeed>;
  /** Delete the calendar feed. */
  delete(options?: CallOptions): Promise<void>;
}

/** The methods of a lane, by the contract's `x-sdk`. */
export interface LaneMethods {
  readonly tasks: TasksMethods;
  readonly trash: TrashMethods;
  readonly projects: ProjectsMethods;
  readonly tags: TagsMethods;
  readonly clients: ClientsMethods;
  readonly profile: ProfileMethods;
  readonly webhooks: WebhooksMethods;
  readonly transfer: TransferMethods;
  readonly calendarFeed: CalendarFeedMethods;
  /** Send a batch of operations. */
  batch(body: Batch, options?: WriteOptions): Promise<BatchOutcome>;
  /** Take back changes. */
  undo(body: Undo, options?: WriteOptions): Promise<UndoReport>;
  /** Get statistics. */
  stats(query?: GetStatsQuery, options?: CallOptions): Promise<Stats>;
  /** Erase all data. */
  erase(query: EraseLaneQuery, options?: CallOptions): Promise<void>;
  /** List changes. */
  activity(query?: ListActivityQuery, options?: CallOptions): Listing<ActivityPage>;
}

/** How each method is sent: the HTTP method, the path below the lane, and what it has. calls.ts reads the lines. */
export const methods = {
  "batch": "POST /batch body key",
  "undo": "POST /undo body key",
  "stats": "GET /stats query",
  "erase": "DELETE  query",
  "activity": "GET /activity query page",
  "tasks": {
    "list": "GET /tasks query page",
    "create": "POST /tasks body key",
    "quick": "POST /tasks/quick body key",
    "get": "GET /tasks/{task_id}",
    "put": "PUT /tasks/{task_id} body key",
    "update": "PATCH /tasks/{task_id} body key",
    "delete": "DELETE /tasks/{task_id}",
    "complete": [
      "PATCH /tasks/{task_id}/complete body key",
      {
        "completed": true
      }
    ],
    "reopen": [
      "PATCH /tasks/{task_id}/complete body key",
      {
        "completed": false
      }
    ],
    "duplicate": "POST /tasks/{task_id}/duplicate body key",
    "skip": "POST /tasks/{task_id}/skip body key",
    "occurrences": "GET /tasks/{task_id}/occurrences query",
    "completions": "GET /completions query page",
    "move": "POST /tasks/{task_id}/move body key",
    "restore": "POST /tasks/{task_id}/restore key"
  },
  "trash": {
    "list": "GET /trash query page",
    "empty": "DELETE /trash",
    "get": "GET /trash/{task_id}",
    "purge": "DELETE /trash/{task_id}",
    "listProjects": "GET /deleted-projects query page",
    "getProject": "GET /deleted-projects/{project_id}"
  },
  "projects": {
    "list": "GET /projects query page",
    "create": "POST /projects body key",
    "get": "GET /projects/{project_id}",
    "update": "PATCH /projects/{project_id} body key",
    "delete": "DELETE /projects/{project_id} query",
    "move": "POST /projects/{project_id}/move body key",
    "restore": "POST /projects/{project_id}/restore key"
  },
  "tags": {
    "list": "GET /tags query page",
    "get": "GET /tags/{tag_id}",
    "update": "PATCH /tags/{tag_id} body key",
    "delete": "DELETE /tags/{tag_id}"
  },
  "clients": {
    "list": "GET /clients query page",
    "cutOff": "PUT /clients/{entry_id}/cut-off",
    "readmit": "DELETE /clients/{entry_id}/cut-off"
  },
  "profile": {
    "get": "GET /profile",
    "update": "PATCH /profile body key"
  },
  "webhooks": {
    "list": "GET /webhooks",
    "create": "POST /webhooks body key",
    "get": "GET /webhooks/{webhook_id}",
    "update": "PATCH /webhooks/{webhook_id} body key",
    "delete": "DELETE /webhooks/{webhook_id}",
    "rotateSecret": "POST /webhooks/{webhook_id}/rotate-secret key",
    "test": "POST /webhooks/{webhook_id}/test key",
    "replay": "POST /webhooks/{webhook_id}/replay body key",
    "listDeliveries": "GET /webhooks/{webhook_id}/deliveries query page",
    "getDelivery": "GET /webhooks/{webhook_id}/deliveries/{delivery_id}",
    "redeliver": "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver key"
  },
  "transfer": {
    "export": "GET /export file",
    "exportCsv": "GET /export.csv file",
    "exportCalendar": "GET /export.ics file",
    "import": "POST /import.json body query",
    "importCsv": "POST /import.csv body=text/csv query",
    "importCalendar": "POST /import.ics body=text/calendar query"
  },
  "calendarFeed": {
    "get": "GET /calendar-feed",
    "create": "POST /calendar-feed key",
    "delete": "DELETE /calendar-feed"
  }
} as const;
