curl http://127.0.0.1:8000/calendar/8sNqXoT3Zr0cQx5mK2vWb7yLhJ4dPfGu1aEtRiYkMwU.ics
