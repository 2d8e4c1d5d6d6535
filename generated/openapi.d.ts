export interface paths {
    "/api/{user_id}/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user whose lane this is; must be the token's subject.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        /**
         * List tasks
         * @description A page of the lane's tasks, newest first unless `sort` says otherwise. Filters combine with *and*; several
         *     values of one filter combine with *or*.
         */
        get: operations["listTasks"];
        put?: never;
        /**
         * Create a task
         * @description Makes a task in the lane. A client that works offline may choose the `id` itself, a UUID of any version; an id
         *     that is taken is 409, so a repeated create makes no second task.
         */
        post: operations["createTask"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/{user_id}/tasks/{task_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user whose lane this is; must be the token's subject.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
                /**
                 * @description The task's id.
                 * @example 019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e
                 */
                task_id: components["parameters"]["TaskId"];
            };
            cookie?: never;
        };
        /**
         * Get a task
         * @description One task of the lane.
         */
        get: operations["getTask"];
        /**
         * Replace a task
         * @description Replaces every writable field: an optional field that is left out returns to its default. To change some
         *     fields and keep the others, use `PATCH`.
         */
        put: operations["replaceTask"];
        post?: never;
        /**
         * Delete a task
         * @description Removes the task from the lane.
         */
        delete: operations["deleteTask"];
        options?: never;
        head?: never;
        /**
         * Change a task
         * @description Changes the fields that the body names ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396) merge patch): a field
         *     that is absent stays as it is, null clears it. A patch that changes nothing leaves `version` as it was.
         */
        patch: operations["updateTask"];
        trace?: never;
    };
    "/api/{user_id}/tasks/{task_id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user whose lane this is; must be the token's subject.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
                /**
                 * @description The task's id.
                 * @example 019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e
                 */
                task_id: components["parameters"]["TaskId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Complete a task, or take it back
         * @description With a body, sets whether the task is completed; repeating it changes nothing. Without a body, toggles.
         *     A task that is no longer completed is `pending`.
         */
        patch: operations["completeTask"];
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Liveness
         * @description Answers as long as the process serves requests; looks at nothing else.
         */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Readiness
         * @description Whether to send requests here: the database answers, its migrations are current, and the service is not
         *     shutting down.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * This contract as JSON
         * @description The OpenAPI document that the service validates requests and responses against.
         */
        get: operations["getContractJson"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.yaml": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * This contract as YAML
         * @description The OpenAPI document as its authors wrote it.
         */
        get: operations["getContractYaml"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Documentation
         * @description This contract as a page for people. It loads nothing from anywhere else.
         */
        get: operations["getDocs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs/redoc.js": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The documentation's script
         * @description The program that renders `/docs`.
         */
        get: operations["getDocsScript"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/problems/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A problem type
         * @description What a problem's `type` refers to, as a page for people.
         */
        get: operations["getProblemType"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A UUID in canonical form, lower case. The service makes version 7; clients may choose any version. */
        Id: string;
        /** @description The id of a user, as the authentication server knows it. */
        UserId: string;
        /**
         * Format: date-time
         * @description An instant as RFC 3339 has it. The service answers in UTC with milliseconds, and rounds down to them.
         */
        Timestamp: string;
        /** @description What to do: 1 to 200 characters on one line. White space around it is dropped. */
        TaskTitle: string;
        /** @description More about it, up to 10,000 characters. */
        TaskDescription: string | null;
        /**
         * @description How far the task is. `completed` and `cancelled` are closed.
         * @enum {string}
         */
        TaskStatus: "pending" | "in_progress" | "completed" | "cancelled";
        /**
         * @description How much the task matters.
         * @enum {string}
         */
        TaskPriority: "low" | "medium" | "high" | "urgent";
        /**
         * @description A sort key; `-` in front reverses it.
         * @enum {string}
         */
        TaskSort: "created_at" | "-created_at" | "updated_at" | "-updated_at" | "title" | "-title" | "priority" | "-priority" | "status" | "-status";
        /** @description Something to do. */
        Task: {
            id: components["schemas"]["Id"];
            user_id: components["schemas"]["UserId"];
            title: components["schemas"]["TaskTitle"];
            description: components["schemas"]["TaskDescription"];
            status: components["schemas"]["TaskStatus"];
            priority: components["schemas"]["TaskPriority"];
            /** @description Whether `status` is `completed`. */
            completed: boolean;
            /**
             * Format: date-time
             * @description When the task was last completed; null unless it is.
             */
            completed_at: string | null;
            /** @description Grows by one with every change of the task. */
            version: number;
            created_at: components["schemas"]["Timestamp"];
            updated_at: components["schemas"]["Timestamp"];
        };
        /** @description A page of tasks. */
        TaskPage: {
            /** @description The tasks of this page, in order. */
            items: components["schemas"]["Task"][];
            /** @description The `cursor` of the next page; null on the last one. */
            next_cursor: string | null;
            /** @description How many tasks match the filters; null unless `include_total` asks for it. */
            total: number | null;
        };
        /** @description A new task. */
        TaskCreate: {
            id?: components["schemas"]["Id"];
            title: components["schemas"]["TaskTitle"];
            /** @default null */
            description: components["schemas"]["TaskDescription"];
            /** @default pending */
            status: components["schemas"]["TaskStatus"];
            /** @default medium */
            priority: components["schemas"]["TaskPriority"];
        };
        /** @description Every writable field of a task. */
        TaskReplace: {
            title: components["schemas"]["TaskTitle"];
            /** @default null */
            description: components["schemas"]["TaskDescription"];
            /** @default pending */
            status: components["schemas"]["TaskStatus"];
            /** @default medium */
            priority: components["schemas"]["TaskPriority"];
        };
        /** @description The fields to change. */
        TaskPatch: {
            title?: components["schemas"]["TaskTitle"];
            description?: components["schemas"]["TaskDescription"];
            status?: components["schemas"]["TaskStatus"];
            priority?: components["schemas"]["TaskPriority"];
        };
        /** @description Whether the task is completed. */
        TaskCompletion: {
            /** @description True completes the task, false makes it pending. */
            completed: boolean;
        };
        /** @description A problem as RFC 9457 has it, with a `code` for programs. */
        Problem: {
            /** @description The address of a page about this type of problem, relative to the service. */
            type: string;
            /** @description The type of problem, for programs to switch on. */
            code: string;
            /** @description The type of problem, for people. */
            title: string;
            /** @description The response's status. */
            status: number;
            /** @description What went wrong this time. */
            detail: string;
            /** @description The id under which the service logs the request. */
            request_id: string;
        };
        /**
         * Malformed request
         * @description What arrived is not a well-formed HTTP request: its request line, its headers or the framing of its body break
         *     [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112). The connection is closed.
         */
        MalformedRequestProblem: {
            /** @constant */
            code?: "malformed-request";
            /** @constant */
            status?: 400;
        } & components["schemas"]["Problem"];
        /**
         * Malformed URL
         * @description The request's path has percent-encoding that does not decode to UTF-8. Encode path segments with
         *     `encodeURIComponent` or its like.
         */
        MalformedUrlProblem: {
            /** @constant */
            code?: "malformed-url";
            /** @constant */
            status?: 400;
        } & components["schemas"]["Problem"];
        /**
         * Malformed body
         * @description The request's body cannot be read: it is not JSON, not UTF-8, not in the content coding that it claims, or was
         *     cut short. Nothing was changed.
         */
        MalformedBodyProblem: {
            /** @constant */
            code?: "malformed-body";
            /** @constant */
            status?: 400;
        } & components["schemas"]["Problem"];
        /**
         * Unauthorized
         * @description The request has no token, or one that is malformed, expired, of another issuer or wrongly signed. Take a fresh
         *     token from the authentication server and try again. The `WWW-Authenticate` header says whether a token came at
         *     all; the service's log says which check failed, under the request's id.
         */
        UnauthorizedProblem: {
            /** @constant */
            code?: "unauthorized";
            /** @constant */
            status?: 401;
        } & components["schemas"]["Problem"];
        /**
         * Forbidden
         * @description The token is valid but does not open this path: `user_id` in the path is not the token's subject.
         */
        ForbiddenProblem: {
            /** @constant */
            code?: "forbidden";
            /** @constant */
            status?: 403;
        } & components["schemas"]["Problem"];
        /**
         * Not found
         * @description There is nothing at this address. See the documentation for the addresses that there are.
         */
        NotFoundProblem: {
            /** @constant */
            code?: "not-found";
            /** @constant */
            status?: 404;
        } & components["schemas"]["Problem"];
        /**
         * Task not found
         * @description The lane has no task with this id: it was never there, or it was deleted. The id of another user's task gives
         *     the same answer.
         */
        TaskNotFoundProblem: {
            /** @constant */
            code?: "task-not-found";
            /** @constant */
            status?: 404;
        } & components["schemas"]["Problem"];
        /**
         * Method not allowed
         * @description The address exists but does not take this method. The `Allow` header lists the methods that it takes.
         */
        MethodNotAllowedProblem: {
            /** @constant */
            code?: "method-not-allowed";
            /** @constant */
            status?: 405;
        } & components["schemas"]["Problem"];
        /**
         * Id taken
         * @description The lane already has a task with the id that the request chose. If the request is a retry, the earlier one
         *     succeeded: get the task by its id.
         */
        IdTakenProblem: {
            /** @constant */
            code?: "id-taken";
            /** @constant */
            status?: 409;
        } & components["schemas"]["Problem"];
        /**
         * Content too large
         * @description The request's body, after decoding, is larger than the service is configured to take.
         */
        ContentTooLargeProblem: {
            /** @constant */
            code?: "content-too-large";
            /** @constant */
            status?: 413;
        } & components["schemas"]["Problem"];
        /**
         * Unsupported media type
         * @description The request's `Content-Type` is missing or is not one that the operation takes, its charset is not UTF-8, or
         *     its `Content-Encoding` is not one of gzip, deflate and br.
         */
        UnsupportedMediaTypeProblem: {
            /** @constant */
            code?: "unsupported-media-type";
            /** @constant */
            status?: 415;
        } & components["schemas"]["Problem"];
        /**
         * Validation failed
         * @description The request can be parsed but breaks the contract. `errors` lists every fault, each with a JSON pointer into
         *     `{path, query, headers, body}`: `/body/title` is the field `title` of the body, `/query/limit` the query
         *     parameter `limit`. Nothing was changed.
         */
        ValidationFailedProblem: {
            /** @constant */
            code?: "validation-failed";
            /** @constant */
            status?: 422;
            /** @description Every fault of the request. */
            errors: components["schemas"]["ValidationError"][];
        } & components["schemas"]["Problem"];
        /** @description One fault of a request. */
        ValidationError: {
            /** @description Where the fault is, as a JSON pointer into `{path, query, headers, body}`. */
            pointer: string;
            /**
             * @description What kind of fault it is, for programs to switch on.
             * @enum {string}
             */
            code: "required" | "unknown" | "wrong-type" | "wrong-format" | "too-short" | "too-long" | "too-small" | "too-large" | "not-allowed" | "duplicate" | "wrong-cursor";
            /** @description What would be right. */
            detail: string;
        };
        /**
         * Request timeout
         * @description The request's headers or body took too long to arrive. The connection is closed.
         */
        RequestTimeoutProblem: {
            /** @constant */
            code?: "request-timeout";
            /** @constant */
            status?: 408;
        } & components["schemas"]["Problem"];
        /**
         * Request header fields too large
         * @description The request's headers, the address included, are larger than 16 KiB together.
         */
        HeadersTooLargeProblem: {
            /** @constant */
            code?: "headers-too-large";
            /** @constant */
            status?: 431;
        } & components["schemas"]["Problem"];
        /**
         * Internal error
         * @description The service has a defect that this request met. The log has it under the request's id; tell the operator that
         *     id. Whether the request took effect is not known.
         */
        InternalErrorProblem: {
            /** @constant */
            code?: "internal-error";
            /** @constant */
            status?: 500;
        } & components["schemas"]["Problem"];
        /**
         * Service unavailable
         * @description The service cannot answer for now: its database or the authentication server's key set is out of reach, it is
         *     too busy, or it is shutting down. Try again after the seconds in `Retry-After`.
         */
        ServiceUnavailableProblem: {
            /** @constant */
            code?: "service-unavailable";
            /** @constant */
            status?: 503;
        } & components["schemas"]["Problem"];
    };
    responses: {
        /** @description The task as it now is. */
        Task: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "id": "019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e",
                 *       "user_id": "ada",
                 *       "title": "Water the plants",
                 *       "description": "The fern twice.",
                 *       "status": "completed",
                 *       "priority": "high",
                 *       "completed": true,
                 *       "completed_at": "2026-11-21T10:00:00.000Z",
                 *       "version": 3,
                 *       "created_at": "2026-11-21T09:30:00.000Z",
                 *       "updated_at": "2026-11-21T10:00:00.000Z"
                 *     }
                 */
                "application/json": components["schemas"]["Task"];
            };
        };
        /** @description The request cannot be parsed. */
        MalformedRequest: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/malformed-body",
                 *       "code": "malformed-body",
                 *       "title": "Malformed body",
                 *       "status": 400,
                 *       "detail": "The body is not JSON.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["MalformedRequestProblem"] | components["schemas"]["MalformedUrlProblem"] | components["schemas"]["MalformedBodyProblem"];
            };
        };
        /** @description There is no valid token. */
        Unauthorized: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "WWW-Authenticate": components["headers"]["WwwAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/unauthorized",
                 *       "code": "unauthorized",
                 *       "title": "Unauthorized",
                 *       "status": 401,
                 *       "detail": "The request needs a valid token.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["UnauthorizedProblem"];
            };
        };
        /** @description The token is another user's. */
        Forbidden: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/forbidden",
                 *       "code": "forbidden",
                 *       "title": "Forbidden",
                 *       "status": 403,
                 *       "detail": "The token does not open this path.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["ForbiddenProblem"];
            };
        };
        /** @description There is nothing at this address. */
        NotFound: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/not-found",
                 *       "code": "not-found",
                 *       "title": "Not found",
                 *       "status": 404,
                 *       "detail": "There is nothing at this address.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["NotFoundProblem"];
            };
        };
        /** @description The lane has no such task. */
        TaskNotFound: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/task-not-found",
                 *       "code": "task-not-found",
                 *       "title": "Task not found",
                 *       "status": 404,
                 *       "detail": "The lane has no task with this id.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["TaskNotFoundProblem"];
            };
        };
        /** @description The address does not take this method; any address may answer so. */
        MethodNotAllowed: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                Allow: components["headers"]["Allow"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/method-not-allowed",
                 *       "code": "method-not-allowed",
                 *       "title": "Method not allowed",
                 *       "status": 405,
                 *       "detail": "This address takes GET, HEAD, OPTIONS.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["MethodNotAllowedProblem"];
            };
        };
        /** @description The chosen id is taken. */
        IdTaken: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/id-taken",
                 *       "code": "id-taken",
                 *       "title": "Id taken",
                 *       "status": 409,
                 *       "detail": "The lane already has a task with this id.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["IdTakenProblem"];
            };
        };
        /** @description The body is too large. */
        ContentTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/content-too-large",
                 *       "code": "content-too-large",
                 *       "title": "Content too large",
                 *       "status": 413,
                 *       "detail": "The body is larger than 102400 bytes.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["ContentTooLargeProblem"];
            };
        };
        /** @description The body's media type, charset or content coding is not supported. */
        UnsupportedMediaType: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/unsupported-media-type",
                 *       "code": "unsupported-media-type",
                 *       "title": "Unsupported media type",
                 *       "status": 415,
                 *       "detail": "Send application/json.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["UnsupportedMediaTypeProblem"];
            };
        };
        /** @description The request breaks this contract; `errors` lists every fault. */
        ValidationFailed: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/validation-failed",
                 *       "code": "validation-failed",
                 *       "title": "Validation failed",
                 *       "status": 422,
                 *       "detail": "The request has 1 fault.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e",
                 *       "errors": [
                 *         {
                 *           "pointer": "/body/title",
                 *           "code": "required",
                 *           "detail": "is required"
                 *         }
                 *       ]
                 *     }
                 */
                "application/problem+json": components["schemas"]["ValidationFailedProblem"];
            };
        };
        /** @description The request took too long to arrive; any address may answer so. */
        RequestTimeout: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/request-timeout",
                 *       "code": "request-timeout",
                 *       "title": "Request timeout",
                 *       "status": 408,
                 *       "detail": "The request took too long to arrive.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["RequestTimeoutProblem"];
            };
        };
        /** @description The request's headers are too large; any address may answer so. */
        HeadersTooLarge: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/headers-too-large",
                 *       "code": "headers-too-large",
                 *       "title": "Request header fields too large",
                 *       "status": 431,
                 *       "detail": "The request's headers are larger than 16384 bytes.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["HeadersTooLargeProblem"];
            };
        };
        /** @description The service is not ready. */
        NotReady: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/service-unavailable",
                 *       "code": "service-unavailable",
                 *       "title": "Service unavailable",
                 *       "status": 503,
                 *       "detail": "The database is out of reach.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["ServiceUnavailableProblem"];
            };
        };
        /** @description The service failed to answer; nothing that it had not acknowledged is certain to be kept. */
        Fault: {
            headers: {
                "X-Request-Id": components["headers"]["RequestId"];
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "/problems/service-unavailable",
                 *       "code": "service-unavailable",
                 *       "title": "Service unavailable",
                 *       "status": 503,
                 *       "detail": "The database is out of reach.",
                 *       "request_id": "019a9c2e5b007c3a9d517f6a2b1c0d4e"
                 *     }
                 */
                "application/problem+json": components["schemas"]["InternalErrorProblem"] | components["schemas"]["ServiceUnavailableProblem"];
            };
        };
    };
    parameters: {
        /**
         * @description The user whose lane this is; must be the token's subject.
         * @example ada
         */
        UserId: components["schemas"]["UserId"];
        /**
         * @description The task's id.
         * @example 019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e
         */
        TaskId: components["schemas"]["Id"];
        /**
         * @description Where to go on, from `next_cursor` of the page before. It belongs to its filters and sort.
         * @example eyJ2IjoxfQ
         */
        Cursor: string;
        /**
         * @description How many items a page holds at most.
         * @example 20
         */
        Limit: number;
    };
    requestBodies: never;
    headers: {
        /**
         * @description The id under which the service logs this request.
         * @example 019a9c2e5b007c3a9d517f6a2b1c0d4e
         */
        RequestId: string;
        /**
         * @description The methods that the address takes (RFC 9110).
         * @example GET, HEAD, OPTIONS
         */
        Allow: string;
        /**
         * @description The address of what was made.
         * @example /api/ada/tasks/019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e
         */
        Location: string;
        /**
         * @description How long the response may be kept (RFC 9111).
         * @example no-cache
         */
        CacheControl: string;
        /**
         * @description What the page may load; nothing from outside this service.
         * @example default-src 'none'
         */
        ContentSecurityPolicy: string;
        /**
         * @description The scheme to authenticate with, and what was wrong (RFC 6750).
         * @example Bearer realm="tasklane", error="invalid_token"
         */
        WwwAuthenticate: string;
        /**
         * @description Seconds to wait before trying again (RFC 9110); on 503.
         * @example 5
         */
        RetryAfter: number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listTasks: {
        parameters: {
            query: {
                /**
                 * @description Only tasks with one of these statuses, separated by commas.
                 * @example [
                 *       "pending",
                 *       "in_progress"
                 *     ]
                 */
                status?: components["schemas"]["TaskStatus"][];
                /**
                 * @description Only tasks with one of these priorities, separated by commas.
                 * @example [
                 *       "high",
                 *       "urgent"
                 *     ]
                 */
                priority?: components["schemas"]["TaskPriority"][];
                /**
                 * @description Only tasks created after this instant, which is itself excluded.
                 * @example 2026-01-01T00:00:00.000Z
                 */
                created_after?: components["schemas"]["Timestamp"];
                /**
                 * @description Only tasks created before this instant, which is itself excluded.
                 * @example 2027-01-01T00:00:00.000Z
                 */
                created_before?: components["schemas"]["Timestamp"];
                /**
                 * @description Only tasks last changed after this instant, which is itself excluded.
                 * @example 2026-01-01T00:00:00.000Z
                 */
                updated_after?: components["schemas"]["Timestamp"];
                /**
                 * @description Only tasks last changed before this instant, which is itself excluded.
                 * @example 2027-01-01T00:00:00.000Z
                 */
                updated_before?: components["schemas"]["Timestamp"];
                /**
                 * @description One or more keys, separated by commas, the first weighing most; `-` before a key reverses it. Titles sort
                 *     by code point, priorities from low to urgent, statuses in the order of their schema. Tasks that are equal
                 *     under every key are ordered by `id`.
                 * @example [
                 *       "-priority",
                 *       "created_at"
                 *     ]
                 */
                sort: components["schemas"]["TaskSort"][];
                /**
                 * @description Where to go on, from `next_cursor` of the page before. It belongs to its filters and sort.
                 * @example eyJ2IjoxfQ
                 */
                cursor?: components["parameters"]["Cursor"];
                /**
                 * @description How many items a page holds at most.
                 * @example 20
                 */
                limit: components["parameters"]["Limit"];
                /**
                 * @description Whether to count all tasks that match the filters, in `total`.
                 * @example true
                 */
                include_total: boolean;
            };
            header?: never;
            path: {
                /**
                 * @description The user whose lane this is; must be the token's subject.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of tasks. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    /**
                     * @description The address of the next page, with `rel="next"` (RFC 8288); absent on the last page.
                     * @example </api/ada/tasks?cursor=eyJ2IjoxfQ>; rel="next"
                     */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e",
                     *           "user_id": "ada",
                     *           "title": "Water the plants",
                     *           "description": null,
                     *           "status": "pending",
                     *           "priority": "medium",
                     *           "completed": false,
                     *           "completed_at": null,
                     *           "version": 1,
                     *           "created_at": "2026-11-21T09:30:00.000Z",
                     *           "updated_at": "2026-11-21T09:30:00.000Z"
                     *         }
                     *       ],
                     *       "next_cursor": "eyJ2IjoxfQ",
                     *       "total": 41
                     *     }
                     */
                    "application/json": components["schemas"]["TaskPage"];
                };
            };
            400: components["responses"]["MalformedRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    createTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user whose lane this is; must be the token's subject.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "title": "Water the plants",
                 *       "priority": "high"
                 *     }
                 */
                "application/json": components["schemas"]["TaskCreate"];
            };
        };
        responses: {
            /** @description The new task. */
            201: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e",
                     *       "user_id": "ada",
                     *       "title": "Water the plants",
                     *       "description": null,
                     *       "status": "pending",
                     *       "priority": "high",
                     *       "completed": false,
                     *       "completed_at": null,
                     *       "version": 1,
                     *       "created_at": "2026-11-21T09:30:00.000Z",
                     *       "updated_at": "2026-11-21T09:30:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Task"];
                };
            };
            400: components["responses"]["MalformedRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["IdTaken"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    getTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user whose lane this is; must be the token's subject.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
                /**
                 * @description The task's id.
                 * @example 019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e
                 */
                task_id: components["parameters"]["TaskId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Task"];
            400: components["responses"]["MalformedRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["TaskNotFound"];
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    replaceTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user whose lane this is; must be the token's subject.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
                /**
                 * @description The task's id.
                 * @example 019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e
                 */
                task_id: components["parameters"]["TaskId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "title": "Water the plants",
                 *       "description": "The fern twice.",
                 *       "status": "in_progress",
                 *       "priority": "high"
                 *     }
                 */
                "application/json": components["schemas"]["TaskReplace"];
            };
        };
        responses: {
            200: components["responses"]["Task"];
            400: components["responses"]["MalformedRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["TaskNotFound"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    deleteTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user whose lane this is; must be the token's subject.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
                /**
                 * @description The task's id.
                 * @example 019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e
                 */
                task_id: components["parameters"]["TaskId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The task is gone. */
            204: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["MalformedRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["TaskNotFound"];
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    updateTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user whose lane this is; must be the token's subject.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
                /**
                 * @description The task's id.
                 * @example 019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e
                 */
                task_id: components["parameters"]["TaskId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "priority": "urgent",
                 *       "description": null
                 *     }
                 */
                "application/merge-patch+json": components["schemas"]["TaskPatch"];
                /**
                 * @example {
                 *       "priority": "urgent",
                 *       "description": null
                 *     }
                 */
                "application/json": components["schemas"]["TaskPatch"];
            };
        };
        responses: {
            200: components["responses"]["Task"];
            400: components["responses"]["MalformedRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["TaskNotFound"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    completeTask: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The user whose lane this is; must be the token's subject.
                 * @example ada
                 */
                user_id: components["parameters"]["UserId"];
                /**
                 * @description The task's id.
                 * @example 019a9c2e-5b00-7c3a-9d51-7f6a2b1c0d4e
                 */
                task_id: components["parameters"]["TaskId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "completed": true
                 *     }
                 */
                "application/json": components["schemas"]["TaskCompletion"];
                /**
                 * @example {
                 *       "completed": true
                 *     }
                 */
                "application/merge-patch+json": components["schemas"]["TaskCompletion"];
            };
        };
        responses: {
            200: components["responses"]["Task"];
            400: components["responses"]["MalformedRequest"];
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["TaskNotFound"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process is alive. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "alive"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "alive";
                    };
                };
            };
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The service is ready. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ready";
                    };
                };
            };
            422: components["responses"]["ValidationFailed"];
            503: components["responses"]["NotReady"];
            "5XX": components["responses"]["Fault"];
        };
    };
    getContractJson: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The OpenAPI document. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "openapi": "3.1.0"
                     *     }
                     */
                    "application/json": {
                        openapi: string;
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    getContractYaml: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The OpenAPI document. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example openapi: 3.1.0 */
                    "application/yaml": string;
                };
            };
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    getDocs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Content-Security-Policy": components["headers"]["ContentSecurityPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html><title>Tasklane</title> */
                    "text/html": string;
                };
            };
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    getDocsScript: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The script. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example "use strict"; */
                    "text/javascript": string;
                };
            };
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
    getProblemType: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The problem's `code`.
                 * @example task-not-found
                 */
                code: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    "X-Request-Id": components["headers"]["RequestId"];
                    "Content-Security-Policy": components["headers"]["ContentSecurityPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example <!doctype html><title>Task not found</title> */
                    "text/html": string;
                };
            };
            400: components["responses"]["MalformedRequest"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["ValidationFailed"];
            "5XX": components["responses"]["Fault"];
        };
    };
}
