from os import environ

import openapi_client as api

user = environ["TASKLANE_USER"]
client = api.ApiClient(api.Configuration(host=environ["TASKLANE_URL"], access_token=environ["TASKLANE_TOKEN"]))
tasks = api.TasksApi(client)

created = tasks.create_task(user, api.TaskCreate(title="openapi-generator", description="x", tags=["a"]))
page = tasks.list_tasks(user, status=[api.TaskStatus.PENDING, api.TaskStatus.IN_PROGRESS], tags_any=["a"])
assert created.id in [task.id for task in page.items]
updated = tasks.update_task(user, created.id, api.TaskPatch(description=None))
assert updated.description is None and updated.tags == ["a"]
completed = tasks.complete_task(user, created.id, task_completion=api.TaskCompletion(completed=True))
assert completed.status == api.TaskStatus.COMPLETED
try:
    tasks.get_task(user, "00000000-0000-4000-8000-000000000000")
    raise AssertionError("A task that does not exist was found.")
except api.exceptions.NotFoundException as missing:
    assert missing.data.code == "task-not-found"
changes = [change.actual_instance for change in api.SyncApi(client).sync_lane(user).changes]
assert created.id in [change.id for change in changes if change.type == "task"]
