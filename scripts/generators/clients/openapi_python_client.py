from os import environ

from tasklane_client import AuthenticatedClient
from tasklane_client.api.sync import sync_lane
from tasklane_client.api.tasks import complete_task, create_task, get_task, list_tasks, update_task
from tasklane_client.models import TaskCompletion, TaskCreate, TaskPatch, TaskStatus

user = environ["TASKLANE_USER"]
client = AuthenticatedClient(base_url=environ["TASKLANE_URL"], token=environ["TASKLANE_TOKEN"])

body = TaskCreate(title="openapi-python-client", description="x", tags=["a"])
created = create_task.sync(user, client=client, body=body)
page = list_tasks.sync(user, client=client, status=[TaskStatus.PENDING, TaskStatus.IN_PROGRESS], tags_any=["a"])
assert created.id in [task.id for task in page.items]
updated = update_task.sync(user, created.id, client=client, body=TaskPatch(description=None))
assert updated.description is None and updated.tags == ["a"]
completed = complete_task.sync(user, created.id, client=client, body=TaskCompletion(completed=True))
assert completed.status == TaskStatus.COMPLETED
missing = get_task.sync_detailed(user, "00000000-0000-4000-8000-000000000000", client=client)
assert missing.status_code == 404 and missing.parsed.code == "task-not-found"
sync = sync_lane.sync(user, client=client)
assert created.id in [change.id for change in sync.changes if change.type_ == "task"]
