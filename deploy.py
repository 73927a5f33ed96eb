"""A bare machine becomes a preproduction host: ``pyinfra inventory/preprod.py deploy.py``."""

from preprod.deploys import app, engine, firewall, grafana, images, plan, report

run = plan.make()

engine.install(run)
images.provide(run)
firewall.guard(run)
app.run(run)
grafana.admit(run)
images.tidy(run)
report.show(run)
